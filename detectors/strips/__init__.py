"""Short strips of one wearable lead, judged as a whole: normal, AF, another rhythm, or too noisy."""
