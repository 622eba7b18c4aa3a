"""The points of a sweep and what identifies it: axes, open seeds, names. Pure."""
