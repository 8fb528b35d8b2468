"""Detectors: one algorithm a module, all behind the streaming protocol of `detectors.protocol`.

Pure: blocks and values in, annotations out. No broker, no database, no files.
"""
