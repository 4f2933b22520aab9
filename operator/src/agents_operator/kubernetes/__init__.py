"""The adapter to the API server."""
