"""What fails in between: every operation on every resource, broken at every step in every way."""
