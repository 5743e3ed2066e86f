"""Corpora in shards: Parquet and Arrow files with audio in their rows, and tar files of clips."""
