"""The whole of a night, in order, and again from a stage."""
