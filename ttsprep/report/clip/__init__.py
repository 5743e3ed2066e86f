"""The page of one clip."""
