"""The kill test: studies come in by every way while the parts of the appliance are killed again and again."""
