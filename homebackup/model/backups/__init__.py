"""What is found of a site's backups: archives, leftovers, tasks, guests, and all of it together."""
