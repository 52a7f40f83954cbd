"""The machine: how it is."""
