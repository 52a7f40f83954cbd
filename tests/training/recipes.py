"""A recipe for tests: everything once, on simulated patients."""

TEXT = """version = "9.8.7"
seed = 5
folds = 3
epochs = 1
seeds = [2]
threads = 1

[[source]]
name = "ct_ich"
"""
