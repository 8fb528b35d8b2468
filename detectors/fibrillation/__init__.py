"""Ventricular fibrillation and flutter, by the shape of the signal and not by beats."""
