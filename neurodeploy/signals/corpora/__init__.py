"""Published sets of recordings in a person's folder, with their official split.

`layouts` says what to fetch and how it lies; the others read it. Nothing is downloaded.
"""
