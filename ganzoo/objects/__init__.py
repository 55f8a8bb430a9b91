"""Objects given in Python as components: networks, losses, data and hooks that are in no package."""
