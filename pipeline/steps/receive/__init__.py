"""A file becomes a delivery: taken in once, its bytes kept as they came, its lateness known."""
