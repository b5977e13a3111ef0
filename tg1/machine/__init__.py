"""The machine under the bot: clock, files, locks, secrets."""
