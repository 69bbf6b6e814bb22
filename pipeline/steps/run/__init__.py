"""What a night is made of: the run is frozen from all its inputs, and named by them."""
