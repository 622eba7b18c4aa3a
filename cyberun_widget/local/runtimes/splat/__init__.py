"""`tiny-splat`: a procedural scene, photos of it, Gaussians optimised against them, and the files they make.

Pure but for `pipeline`, which runs the stages and writes the files. Nothing here serves another runtime.
"""
