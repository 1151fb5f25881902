"""What is allowed and how it is counted, as pure tables and functions."""
