"""Signals of wearables beside the ECG: pulses, oxygen."""
