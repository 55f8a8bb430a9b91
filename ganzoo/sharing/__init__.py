"""What was trained, as a folder that others can load without trusting it: written, checked, sent and fetched."""
