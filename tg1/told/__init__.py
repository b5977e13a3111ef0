"""What a bot tells whoever is not at its terminal: a snapshot per cycle, a line per event, and who reads them."""
