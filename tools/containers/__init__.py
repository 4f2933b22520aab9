"""Containers on this machine: an engine that answers, its command line, and images to start from."""
