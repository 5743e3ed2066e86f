"""The recipes that come with ttsprep, as ``ttsprep.recipes``."""
