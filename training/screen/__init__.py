"""Photographs of a CT console's screen, simulated: README.md says what is modelled and what is not."""
