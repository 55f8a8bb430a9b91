"""Datasets as batches on the device, and the files that datasets come from."""
