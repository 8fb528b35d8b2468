"""Values, clocks, vocabulary, filters and codecs: arrays and values in, arrays and values out.

Nothing in this package reads a file, a database, a broker or a clock.
"""
