"""Layers that networks of any family can use: those that take labels, and the width of a discriminator's features."""
