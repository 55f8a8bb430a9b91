"""Sweeps: trainings of one recipe with other settings and seeds, by one process or by many that share them."""
