"""Weeks of the home site on the lab, hour by hour, against a statement of what its owner ought to be told."""
