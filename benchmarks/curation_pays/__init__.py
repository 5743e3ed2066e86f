"""Does curation pay? Trains a small voice on what was kept of a spoiled corpus, and measures how well it speaks."""
