"""A bot's own days on disk: what it saw and sent in each cycle, so that they can be replayed and compared."""
