"""What commands show in a terminal, where that is more than a table."""
