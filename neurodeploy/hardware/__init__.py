"""Chips and devices: what they hold, what an operation costs, where layers lie."""
