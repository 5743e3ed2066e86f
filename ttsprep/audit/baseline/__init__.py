"""Holding an audit against an earlier one, and against the conditions of a recipe."""
