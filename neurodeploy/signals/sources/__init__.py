"""Signals in a person's own files, in the formats that the field keeps them in.

`neurodeploy.signals.sources.find` opens a file or a folder; each format has a file of its own.
"""
