"""The models, their manifests and the contract, without any server."""
