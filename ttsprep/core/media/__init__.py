"""Formats of audio: what the first bytes say, WAV headers, and the containers that libsndfile does not read."""
