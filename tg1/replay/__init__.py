"""Replays real prices against the production engine in virtual time (a program of its own, like the paper exchange)."""
