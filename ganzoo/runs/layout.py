"""Names of the files and folders in a run folder."""

RECIPE = "recipe"
RECIPES = ("recipe.toml", "recipe.json")  # one of them, as given
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
AVERAGES = "averages"  # snapshots from which averages are rebuilt
LATEST = "latest"
BEST = "best"
MANIFEST = "manifest.json"

FOLDERS = (SAMPLES, CHECKPOINTS, AVERAGES, EVENTS)  # that commands read, write and remove files in
