"""Text: letters, phonemes, comparison, repair, normalisation."""
