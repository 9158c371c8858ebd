"""Short transactions, quickly."""
