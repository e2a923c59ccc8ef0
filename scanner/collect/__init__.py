"""Reading from clouds and files: the only layer that imports a cloud SDK."""
