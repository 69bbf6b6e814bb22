"""Registers become packs that are checked a last time and put out; editions, recalls, counts of areas."""
