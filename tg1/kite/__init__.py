"""Zerodha's Kite: prices, instruments, the way in."""
