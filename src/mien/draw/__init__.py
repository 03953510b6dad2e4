"""What mien draws: results into pictures, and the picture of its window."""
