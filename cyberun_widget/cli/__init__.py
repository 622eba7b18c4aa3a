"""The package from a terminal: `cyberun-widget demo`, `local` and `watch`.

Parses arguments, prints, and picks exit codes; whatever it shows or follows is done by the layers below.
"""
