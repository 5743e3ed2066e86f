"""The report: one HTML page that opens from disk and asks nothing of any network."""
