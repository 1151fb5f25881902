"""Proof: every change is an event, in a gapless sequence per stream. The public log will grow here."""
