"""The Pulumi edge."""

VERSION = "0.1.0"
"""Version of the provider."""
