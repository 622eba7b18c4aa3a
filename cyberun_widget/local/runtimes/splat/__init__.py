"""`tiny-splat`: a procedural scene, photos of it, Gaussians optimised against them, and the output files.

Pure except `pipeline`, which runs the stages and writes the files. Not used by other runtimes.
"""
