"""What a build says of itself to others: its card, its Croissant metadata, and what to record again."""
