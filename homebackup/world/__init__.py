"""The only package that does I/O: the Proxmox VE API, the host over ssh, and one tree of errors."""
