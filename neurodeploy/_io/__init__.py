"""Leaves that everything may use: files, TOML, tensors, progress, quieting lava."""
