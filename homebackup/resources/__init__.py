"""Every resource, one file each."""
