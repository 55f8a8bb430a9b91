"""Recipes: read, overridden, checked against signatures, and turned into components."""
