"""Run folders: status, metrics, scores, checkpoints, provenance, and how runs compare."""
