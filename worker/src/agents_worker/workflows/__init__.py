"""The agent's loop and the workflows around it: deterministic, so that they go on after any crash."""
