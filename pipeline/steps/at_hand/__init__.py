"""What every stage has at hand: the open home, its named tables, the editions before, the codes in use."""
