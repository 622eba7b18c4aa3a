"""Watch a remote GPU task from a Jupyter notebook: live progress, and its results in the cell."""
