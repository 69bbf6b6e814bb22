"""Past nights made again, and held against what was published."""
