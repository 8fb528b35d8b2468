"""Recordings and annotations as files, one module a format."""
