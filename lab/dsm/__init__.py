"""The management of the lab's NAS: the web API of Synology's DSM, as far as the literature tells how it behaves."""
