"""Every change to a case, one function per verb."""
