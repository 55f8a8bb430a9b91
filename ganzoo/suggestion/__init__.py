"""Recipes for a user's own pictures: what the data are, which networks fit the time, and the file with its reasons."""
