"""Experiments that fill tables: one run is a unit, kept once finished and never repeated."""
