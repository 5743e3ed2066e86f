"""Numbers, dates and abbreviations in words."""
