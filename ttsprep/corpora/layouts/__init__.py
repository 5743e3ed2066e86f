"""One file per dataset layout: how its clips are found and read."""
