"""What keeps a home whole: backup, retention, keys, the audit."""
