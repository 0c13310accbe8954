"""Lava's CPU simulator, the reference: `engine` is what people use, `runtime` is Lava's side."""

from neurodeploy.engines.lava.engine import LavaEngine, LavaSession

__all__ = ["LavaEngine", "LavaSession"]
