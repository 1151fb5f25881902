"""Every change, one function per verb."""
