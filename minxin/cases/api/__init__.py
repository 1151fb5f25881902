"""The JSON doors of cases: `public` for complainants, other systems and readers, `desk` for staff."""
