"""The order: what a pipeline file may say, what runs when, where results go."""
