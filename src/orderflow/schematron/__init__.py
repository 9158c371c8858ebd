"""Schematron that an operator brings: read once, kept, and run in a process that can reach nothing."""
