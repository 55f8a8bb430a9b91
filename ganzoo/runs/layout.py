"""Names of the files and folders in a run folder."""

RECIPE = "recipe"  # recipe.toml or recipe.json, as given
RESOLVED = "resolved.json"
PROVENANCE = "provenance.json"
STATUS = "status.json"
METRICS = "metrics.jsonl"
SCORES = "scores.jsonl"
LOSSES = "losses.png"
DIVERGED = "diverged.json"
EVENTS = "events"  # written by experiment trackers
EXPORT = "export"

SAMPLES = "samples"
REAL = "real.png"

CHECKPOINTS = "checkpoints"
LATEST = "latest"
BEST = "best"
MANIFEST = "manifest.json"
