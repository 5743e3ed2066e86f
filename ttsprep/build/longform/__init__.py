"""Cutting long recordings: levels of a whole file, its pauses, lengths of clips, and where a text lies in it."""
