"""What is allowed, as pure tables and functions: no database, no clock, no request."""
