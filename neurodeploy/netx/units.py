"""SLAYER's units and the chip's integers: what one is in the other."""

WEIGHT_SCALE = 1 << 6
"""SLAYER's weights and thresholds times this are the chip's integers (lava-dl, cuba.Neuron)."""

STATE_SCALE = 1 << 12
"""SLAYER's current and voltage times this are the chip's integers: 6 bits above a weight."""

DECAY_SCALE = 1 << 12
"""A decay of 1 per time step, which forgets everything, is 4,096 on the chip: 12 bits."""

FULL_BITS = 8
"""Of a weight as SLAYER trains it and Lava stores it: even, -256 to 254."""

FEWEST_BITS = 2
"""With them a weight is one of -2, -1, 0 and 1 steps."""
