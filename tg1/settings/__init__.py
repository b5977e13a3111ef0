"""What the operator may ask for: fields, values, checks, credentials."""
