"""Turns recorded speech and transcripts into text-to-speech training data people can trust."""

__version__ = "0.1.0"
