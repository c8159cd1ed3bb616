"""What there is to learn from: photos on disk, their classes, and how they are divided."""
