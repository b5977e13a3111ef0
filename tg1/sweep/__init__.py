"""Replays one grid after another over the same days, and says which of them to believe (a program of its own)."""
