"""A run, or several, as one HTML file that needs nothing else: no server, no network, no script to be read."""
