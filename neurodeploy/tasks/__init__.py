"""The tasks that ship with the package: data, model and training in one description each.

Everything here is imported when it is first used; ``__init__.pyi`` beside this file is the list.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
