"""Conversations with a model provider: what is sent, what comes back, and what can go wrong."""
