"""Every property test draws the same examples each time; CI and a person see the same result."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
