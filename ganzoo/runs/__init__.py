"""Run folders: status, metrics, scores, checkpoints, provenance, and the comparison of runs."""
