"""Where the waves of a beat begin, peak and end: P, QRS and T."""
