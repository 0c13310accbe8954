"""What is trained: spiking encoder, probabilistic readout, host decoder."""
