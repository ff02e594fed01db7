"""A Proxmox VE node, its host and a NAS in a box."""
