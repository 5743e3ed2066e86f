"""The rows of a run: what is done to every item, where known rows are found, and what runs remember of each other."""
