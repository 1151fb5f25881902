"""How it works: clocks, money, identifiers, sealing, files, Chinese text, limits, errors. Knows no domain."""
