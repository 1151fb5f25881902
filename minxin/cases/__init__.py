"""The life of a complaint, report or enquiry: from filing to five stars."""
