"""Fire danger of a day: from what a pipeline file names to one brief and its alerts."""
