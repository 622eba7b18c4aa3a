"""Running a sweep on the network loop: submits its points, follows their tasks, recovers what other processes left."""
