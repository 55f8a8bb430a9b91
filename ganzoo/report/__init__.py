"""Reports: one or more runs as a single HTML file that loads nothing from elsewhere."""
