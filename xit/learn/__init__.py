"""One encoder, swappable heads, one training loop."""
