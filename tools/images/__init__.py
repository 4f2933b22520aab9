"""The project's images: which there are, and how each is built."""
