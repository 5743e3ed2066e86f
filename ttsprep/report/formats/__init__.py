"""An audit in the formats that other programs read."""
