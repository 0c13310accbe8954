"""One page about what is deployed: how good it is, at what cost, and how it answers."""
