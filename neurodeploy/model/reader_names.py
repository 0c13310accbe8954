"""Names of the readers in `neurodeploy.model.readers`. Nothing here imports torch."""

READER_NAMES = ("linear", "mlp", "conv", "recurrent", "rate", "counts", "first")

ENTRY_POINTS = "neurodeploy.decoders"
"""The group under which other packages register readers."""
