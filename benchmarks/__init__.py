"""Benchmarks, run by hand: `python -m benchmarks [NAME ...]` prints one JSON line a figure.

Absolute figures belong to the machine they were measured on; the ratios against peers measured in the same run are what
to quote.
"""
