"""What was trained, as a folder that others can load without trusting it: written, checked, sent and fetched."""

FORMATS = ("safetensors", "onnx", "torch_export")  # named here, where no torch is imported
