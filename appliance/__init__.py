"""The head-CT triage appliance: what runs at the bedside."""

__version__ = "0.1.0"
