"""TG1: a two-token grid bot with OCO hedges for NSE cash equity."""
