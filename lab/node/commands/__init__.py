"""The commands of a Debian host, as far as the lab has them."""
