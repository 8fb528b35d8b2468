"""What loops over samples share: how they are compiled, and what they call."""
