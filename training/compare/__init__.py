"""Comparison of network architectures on repeated splits by patient: an experiment, from which nothing is released."""
