"""What people use instead of OrderFlow Connect, each a program of its own."""
