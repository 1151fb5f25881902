"""The public's front door: home, search, lines of units, open data; joins the domains."""
