"""Proxmox VE's own command line tools on the simulated host."""
