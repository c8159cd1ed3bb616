"""Several processes that train one network: who is who, what they exchange, and what happens when one is lost."""
