"""Tables that describe a corpus: how they are parsed, what their columns hold, and which audio their rows name."""
