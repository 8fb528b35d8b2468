"""How good the detectors are, measured on the development recordings beside open tools: `docs/detectors.md`."""
