"""What is made for training: bleeds with known place, and what only looks like one. Never used to claim a figure."""
