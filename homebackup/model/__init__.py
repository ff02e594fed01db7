"""Pure descriptions and decisions: no I/O, no clock."""
