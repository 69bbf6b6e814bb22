"""Where person-level data lies: layout, Delta tables, the identity vault."""
