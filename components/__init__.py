"""Pulumi components: composition only."""
