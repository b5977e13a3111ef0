"""What a person sees of a bot."""
