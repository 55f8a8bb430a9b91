"""Samples from trained networks."""
