"""The API of durable agents and the contract between operator and worker.

`v1alpha1` holds the kinds as users write them, `generate` turns them into CRD manifests, and `contract`
holds what operator and worker say to each other through Temporal.
"""
