"""Running a sweep, on the network loop: submitting its points, following their tasks, taking up what others left."""
