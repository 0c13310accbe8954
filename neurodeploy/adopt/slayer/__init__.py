"""SLAYER modules as networks of netx."""
