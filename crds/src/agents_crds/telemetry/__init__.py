"""What operator and workers tell of what they do, and how: traces and logs."""
