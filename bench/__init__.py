"""Measurements of what a running bot costs; `python -m bench.run` prints them."""
