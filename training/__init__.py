"""How what was learned from data came about: each module writes one file that the detectors read.

Run by hand, with the development recordings under RHYTHMARK_DATA; nothing imports it.
"""
