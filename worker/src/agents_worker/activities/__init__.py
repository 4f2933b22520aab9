"""What workflows have done for them: model calls and tool calls."""
