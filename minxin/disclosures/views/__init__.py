"""The doors of the disclosures: parse, call, render."""
