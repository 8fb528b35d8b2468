"""Signal quality: what cannot be read, and why."""
