"""The league of benchmarks/league.py: which GANs compete, how they are trained and judged, and the page of results."""
