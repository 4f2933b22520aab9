"""The whole platform on real parts; only Mistral's API is the stand-in."""
