"""Samples from trained networks: models, latent codes, interpolations, files."""
