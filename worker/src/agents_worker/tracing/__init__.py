"""What the worker tells of its calls: spans, and what the lines of its log are about."""
