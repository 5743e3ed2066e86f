"""Texts with times beside a recording: label tracks, subtitles, TextGrids."""
