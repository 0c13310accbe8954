"""The ``neurodeploy`` command: a thin face over the API."""
