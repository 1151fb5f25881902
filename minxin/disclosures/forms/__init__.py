"""HTML input to typed values."""
