"""WorkerPools: one Deployment per build of the workers, and the tools that each build offers."""
