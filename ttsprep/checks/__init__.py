"""One file per check: what it measures in a clip, and how it judges the corpus."""
