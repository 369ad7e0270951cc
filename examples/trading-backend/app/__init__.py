"""A small trading backend: accounts, a login and uploads of orders."""
