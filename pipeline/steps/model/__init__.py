"""Learning, judging, promoting and scoring."""
