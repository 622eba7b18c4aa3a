"""The command line: `cyberun-widget demo`, `local` and `watch`.

Parses arguments, prints, and sets exit codes; the layers below do the rest.
"""
