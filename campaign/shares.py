"""How many of all inputs each kind of file gets; those that a process of its own opens, fewer."""

SHARES = {
    "network": 20,
    "NIR graph": 10,
    "spike trains, HDF5": 10,
    "manifest": 100,
    "decoder": 80,
    "packed bundle": 50,
    "checkpoint": 120,
    "points": 80,
    "table of chips": 60,
    "table of devices": 60,
    "table of times": 60,
    "measurements": 60,
    "array": 100,
    "events, CSV": 60,
    "events, structured": 60,
    "events, N-MNIST": 60,
    "images, IDX": 50,
    "sound, WAV": 40,
    "service, HTTP": 60,
    "service, WebSocket": 40,
}
