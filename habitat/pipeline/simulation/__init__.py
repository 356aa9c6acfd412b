"""A simulated landscape as a source of scenes, and as a folder of files with its truth."""
