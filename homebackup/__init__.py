"""Home backup as code: the library behind the provider, the components and the command line."""
