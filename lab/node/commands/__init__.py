"""Commands of the simulated host, found by listing this folder."""
