"""The built-in plugins, which use the public plugin API only."""
