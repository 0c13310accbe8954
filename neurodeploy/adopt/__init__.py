"""Networks made elsewhere: SLAYER modules, NIR graphs, and their conversion to integers."""
