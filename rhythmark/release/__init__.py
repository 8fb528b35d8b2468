"""Releases: what a project holds, frozen as files that somebody else can check line by line."""
