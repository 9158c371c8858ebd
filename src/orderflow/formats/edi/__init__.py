"""What EDIFACT and X12 share: segments, envelopes and their counts, an order's values, and what a response says."""
