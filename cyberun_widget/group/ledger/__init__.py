"""The record on disk of every point of every sweep, written before and after each step. SQLite and file locks only."""
