"""Engines behind the contract of `appliance.engine`, and the released network that they run."""
