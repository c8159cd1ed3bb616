"""The values that travel between the layers: frozen dataclasses of parallel arrays, checked when they are made."""
