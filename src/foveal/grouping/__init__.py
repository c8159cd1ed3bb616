"""Which photos belong together: near-duplicates from sketches and embeddings."""
