"""What Airflow calls: one function a task, plain values in, counts and ids out."""
