"""What is made of the metrics' own code: the list of them, and the dashboard."""
