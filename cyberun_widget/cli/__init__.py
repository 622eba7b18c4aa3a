"""`cyberun-widget demo | local | watch`: the package from a terminal."""
