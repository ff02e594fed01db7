"""Names in a stack's configuration that more than one part of the program knows."""

NAMESPACE = "homebackup"
"""Prefix of the keys in a stack's configuration."""

NOTIFY, DEADMAN = "notify", "deadman"
"""Keys of that prefix that say whom to tell; the way to the site does not hang on them."""
