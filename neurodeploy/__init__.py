"""From a trained hybrid spiking model to a neuromorphic chip.

Everything here is imported when it is first used, so that reading a network does not load torch;
``__init__.pyi`` beside this file is the list.
"""

import os

import lazy_loader

# OpenMP threads that spin while they wait stall PyTorch for seconds as soon as anything else,
# such as Lava's processes, wants a core. Read once, when torch is loaded; the person's own wins.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
