"""Who: regions, units, posts, people, roles, duties, sign-in."""
