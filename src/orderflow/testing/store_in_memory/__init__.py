"""The ports of `flow` in memory: as many small parts as there are ports, over tables that are dictionaries.

Used by `MemoryEngine`, by the unit tests of the steps, and by the simulation. The same suite that holds the store on
PostgreSQL holds this one.
"""

from orderflow.testing.store_in_memory.store import MemoryStore

__all__ = ["MemoryStore"]
