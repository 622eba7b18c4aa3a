"""What was done for each point of each sweep, on disk, before and after it is done. SQLite and file locks only."""
