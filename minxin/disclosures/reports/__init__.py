"""Every question, one function per screen."""
