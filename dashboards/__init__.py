"""Pages that watch: streams, pipeline, newest proposals."""

from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
"""Jinja templates of these pages; they extend the frame that the labeling server provides."""

STATIC = Path(__file__).parent / "static"
"""Style sheets and scripts of these pages."""
