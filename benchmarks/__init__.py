"""What OrderFlow Connect costs, side by side with what people use instead: `make bench`, or `python -m benchmarks`."""
