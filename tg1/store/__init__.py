"""The state as bytes and as files."""
