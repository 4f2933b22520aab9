"""An agent that answers from a Python function."""
