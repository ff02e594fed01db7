"""Proxmox VE's own rules, pure and verified against recordings."""
