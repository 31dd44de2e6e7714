"""Measurements of speed and memory on a real broker: `python -m benchmarks.<name>`; see README.md."""
