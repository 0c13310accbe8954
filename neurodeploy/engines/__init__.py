"""What runs a `Network`: one protocol, several engines, the same spikes."""
