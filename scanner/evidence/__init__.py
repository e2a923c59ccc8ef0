"""Evidence that leaves the machine: the bundle, its signature and its verification."""
