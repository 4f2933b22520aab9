"""Agents to apply and to start one's own from; each is run by a test."""
