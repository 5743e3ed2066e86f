"""Known defects, put into clean speech: the demo and the self-test."""
