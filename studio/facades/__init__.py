"""Other products' protocols: each facade translates and calls the services, nothing else."""
