"""Which points a sweep has, and what identifies it: axes, open seeds, names. Pure."""
