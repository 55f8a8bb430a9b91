"""Tools for any package: files, locks, signals, processes, random state. Nothing here knows a GAN."""
