"""The build: selects, processes and exports a corpus."""
