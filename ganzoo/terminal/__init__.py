"""Progress, pictures and the live view of a run in a terminal."""
