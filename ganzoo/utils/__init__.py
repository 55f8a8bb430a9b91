"""Small tools that any package may use: files, locks, signals, random state. Nothing here knows a GAN."""
