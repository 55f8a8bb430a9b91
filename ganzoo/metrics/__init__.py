"""How good a generator is: what metrics and extractors are, and how a score comes about."""
