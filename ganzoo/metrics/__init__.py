"""Evaluation of generated samples: metrics, feature extractors, reference samples and scores."""
