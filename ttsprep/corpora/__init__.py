"""Corpora: how they are read, fetched, unpacked and exported."""
