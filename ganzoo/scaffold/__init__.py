"""A new package that plugs into ganzoo, written from templates: what `ganzoo new` makes."""
