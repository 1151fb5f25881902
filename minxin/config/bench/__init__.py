"""`minxin bench`: a large, plausible database, a load generator, and the tables of what was promised and measured."""
