"""The released network: ONNX file, manifest and model card, installed as package data."""
