"""The directory's doors to the desk: the guard of every page, sign-in, and the directory's own pages."""
