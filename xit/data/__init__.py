"""From datasets in Hub layout to batches of token ids."""
