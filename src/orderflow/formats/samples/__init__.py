"""A sample of what an ERP reads, and the settings of a connection to begin with that would write the like.

The sample is a CSV, JSON, EDIFACT, X12 or IDoc file. What it shows is taken over; what it cannot show stays as it is
by default, and what nobody can know is told (`Beginning.notes`). A person checks the result in form and preview.
"""

from orderflow.formats.samples.beginning import LARGEST, Beginning, Found, beginning_of

__all__ = ["LARGEST", "Beginning", "Found", "beginning_of"]
