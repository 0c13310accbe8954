"""Natural signals and event streams, and how they become dense binary spikes.

Dense spikes are ``uint8 [batch, *features, time]`` with values 0 and 1 everywhere in the package;
:func:`check_spikes` is the one place that says so. Nothing here imports torch.

Everything here is imported when it is first used; ``__init__.pyi`` beside this file is the list.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
