"""The Pulumi edge."""
