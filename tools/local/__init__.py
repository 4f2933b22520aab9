"""The local platform: a real API server, a real Temporal server, and what runs on them."""
