"""The registry of components and the plugins that fill it."""
