"""Decides: what is due, at which price, as which order, and what an answer means. Pure."""
