"""HTML input turned into typed values: shape here, meaning in the rules."""
