"""The adapter to Temporal."""
