"""What makes labels trustworthy: how readers' answers, points and spans compare, in numbers with intervals.

Pure: arrays and values in, values out; no database, no files, no web, no clock; randomness only from a generator that
is given.
"""
