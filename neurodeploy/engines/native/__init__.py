"""Our engine: `engine` is what people use, `builder` lays a network out, the rest is compiled."""

from neurodeploy.engines.native.engine import NativeEngine, NativeSession

__all__ = ["NativeEngine", "NativeSession"]
