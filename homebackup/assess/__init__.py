"""Everything that judges: facts and declarations in, verdicts out; no I/O, and the time is an argument."""
