"""The settings that may change when a run is resumed."""

DATA_PATH = "dataset.path"
"""The path of the data, which may have moved; its fingerprint tells that it is the same."""
DATA_PATHS = (DATA_PATH, "dataset_a.path")
"""Paths of each of two sets."""
RESUMABLE = (
    *("run.steps", "run.epochs", "run.log", "run.sample", "run.save", "run.keep", "run.trackers", "run.workers"),
    *("run.threads", "run.channels_last", "run.max_time", "run.on_nonfinite", "evaluate.patience", *DATA_PATHS),
    *("dataset.cache", "dataset_a.cache"),
)
"""Settings that may change when a run is resumed."""
OF_THE_MACHINE = ("run.threads", "run.channels_last", "dataset.cache", "dataset_a.cache")
"""Settings by which results differ in rounding at most."""
