"""Training speed: measured, profiled, compared with a reference."""
