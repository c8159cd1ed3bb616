"""The object users hold, and its file on disk."""
