"""Who lives in the invented region: practices, areas, households, people and their registrations."""
