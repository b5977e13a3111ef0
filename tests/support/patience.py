"""How long a test waits for what it awaits."""

PATIENCE_SECS = 90.0
"""No test passes or fails by it but one that hangs: a machine may be busy with other things."""
