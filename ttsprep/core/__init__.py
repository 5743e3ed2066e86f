"""What every part stands on: types, files, audio, tables, workers."""
