"""From photos to the batches that training eats: decoded, varied, mixed, in an order that only the seed decides."""
