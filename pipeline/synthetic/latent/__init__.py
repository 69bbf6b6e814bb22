"""What nobody records: each person's state in continuous time, and the risk that follows from it."""
