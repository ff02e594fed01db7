"""The only package that talks to anything outside this process."""
