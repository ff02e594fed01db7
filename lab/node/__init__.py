"""The simulated host: files, shell and commands, all inside one folder."""
