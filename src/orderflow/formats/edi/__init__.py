"""What EDIFACT and X12 share: segments, envelopes and their counts; order's values and responses, UBL too."""
