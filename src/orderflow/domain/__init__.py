"""What an order, an export and an attempt are, and what may happen to them. No I/O, no database, no web framework."""
