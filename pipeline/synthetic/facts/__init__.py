"""What the region is held against: published facts, and what it achieves beside them."""
