"""What a corpus is judged for, and the groups that it falls into."""
