"""Layers onto cores: what they ask, how they are cut and packed, and how few cores could do."""
