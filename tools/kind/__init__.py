"""A Kubernetes cluster in containers of this machine, by kind: its node image, its life, and tests on it."""
