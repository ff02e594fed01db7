"""The Proxmox VE API of the lab."""
