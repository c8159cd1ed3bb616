"""Features: what a backbone makes of a photo, kept by content so that it is computed once."""
