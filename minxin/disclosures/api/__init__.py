"""JSON doors of the disclosures."""
