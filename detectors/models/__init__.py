"""Detectors around a model that somebody learned elsewhere: fixed windows in, a label out."""
