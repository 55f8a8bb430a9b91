"""Creation of a new plugin package from templates, for `ganzoo new`."""
