"""The phones and diphones of a corpus: what single clips hold alone, and what to record next."""
