"""Judges of the zoo's table: in each module, the function judge(run) returns a figure of the run as text."""
