"""What runs leave behind at providers: conversations are deleted when nobody has a use for them."""

from agents_operator.conversations.sweep import ConversationSweep

__all__ = ["ConversationSweep"]
