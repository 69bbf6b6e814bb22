"""The story: a folder per stage of the journey, in it a module with one public function named as the stage.

Each folder may import those before it in `FLOORS` of tests/test_rooms.py, and never one after it (decision 0038).
"""
