"""What happened: runs, steps, deliveries, models, editions, audit (SQLAlchemy)."""
