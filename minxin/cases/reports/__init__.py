"""Every question about cases, one function per screen."""
