"""The audit: measures, judges and sums up a corpus."""
