"""Results as pages to look at: one self-contained HTML file each."""
