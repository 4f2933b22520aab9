"""Chat completions by servers that nobody here wrote."""
