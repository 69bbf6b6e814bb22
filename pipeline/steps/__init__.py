"""The story: one module per stage, each with one public function named as the file."""
