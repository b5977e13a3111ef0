"""Draws what a replay came to: one self-contained page and one picture, from plain values."""
