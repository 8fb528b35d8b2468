"""Rhythms and events: what is said of series of beats, each a follower of a chain."""
