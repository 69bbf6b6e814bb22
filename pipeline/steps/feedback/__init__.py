"""What practices answer comes back: rows matched, counted, refused with reasons."""
