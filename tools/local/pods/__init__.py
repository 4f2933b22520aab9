"""Stands in for the Deployment controller and the kubelets: worker Deployments become local processes."""
