"""民心: complaints that travel, are answered, and are rated; public money behind glass."""
