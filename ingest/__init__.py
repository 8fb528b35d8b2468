"""Wire codec, sources (Kafka and local), producers, and the one worker loop."""
