"""Every change of the directory: each locks, checks, changes, and records in one transaction."""
