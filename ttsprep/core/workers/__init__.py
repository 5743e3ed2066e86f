"""Workers: crash-proof processes that map a step over clips, here or on a cluster."""
