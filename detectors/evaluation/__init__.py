"""How good annotations are, by ANSI/AAMI EC57: beat by beat, run by run, episode by episode."""
