"""Dialects: how orders are written, and how answers are read. One folder each."""
