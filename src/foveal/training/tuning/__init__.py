"""Learning few numbers of a network: what is added to it, what is left as it was, and how much that comes to."""
