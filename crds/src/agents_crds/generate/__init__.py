"""Writes the CRD manifests from the models."""
