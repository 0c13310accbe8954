"""Pictures of numbers with matplotlib, in one style: arrays come in, Axes and PNG files go out."""
