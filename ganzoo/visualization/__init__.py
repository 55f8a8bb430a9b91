"""Pictures of samples and losses: grids, plots, animations."""
