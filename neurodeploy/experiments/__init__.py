"""Experiments that fill tables: one run is a unit, kept once finished and never repeated."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
