"""Is one share a hedge for another? `tg1 pair A B` (a program of its own)."""
