"""Where etcd and the Kubernetes components come from: the machine, the official release, or a build."""
