"""Export of a trained model to a folder that others can load without trusting it, and transfer to and from the Hub."""

FORMATS = ("safetensors", "onnx", "torch_export")  # here, so that the CLI can list them without importing torch
CONFIG = "config.json"  # file of an export that describes it
