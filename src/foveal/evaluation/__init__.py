"""What is measured beyond one set of figures: trust, slices, robustness, speed, two models side by side."""
