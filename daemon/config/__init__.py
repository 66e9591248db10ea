"""config.toml: read, checked, reloaded; every fault at once with its line and column."""
