"""Symphony XTS: what is said, what an answer means, sessions, pacing, the wire."""
