"""The generated pages, written from the declarations they tell of."""
