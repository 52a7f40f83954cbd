"""Training of the slice network: data sets, networks, evaluation and export. Needs Python 3.10 or newer."""
