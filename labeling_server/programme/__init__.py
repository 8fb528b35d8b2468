"""What a reading programme shows: projects, and how far their readers agree."""
