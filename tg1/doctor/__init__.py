"""Looks over machine, brokers and accounts before a bot is trusted to them, and says what to do where it is red."""
