"""What a study will take before any of it is run: the runs, time, memory and disk."""
