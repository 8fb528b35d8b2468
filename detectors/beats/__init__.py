"""Beats of an ECG: where each QRS complex is and whether it is N, S or V."""
