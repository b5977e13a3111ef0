"""Carries decisions out and brings answers home; the only code that touches state and broker at once."""
