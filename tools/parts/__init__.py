"""Where the programs we run come from: the machine, the official release, or a build from Go modules."""
