"""NIR graphs, the Neuromorphic Intermediate Representation: read, and written."""
