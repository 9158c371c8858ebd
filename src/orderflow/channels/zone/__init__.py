"""Documents that lie as files, on whatever store: put there whole, taken from there as answers."""
