"""A local stand-in for the Mistral API: agents, conversations and models, with faults on demand."""
