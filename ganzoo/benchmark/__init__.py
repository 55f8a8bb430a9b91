"""Benchmarks of training speed: throughput, profile, comparison with a reference."""
