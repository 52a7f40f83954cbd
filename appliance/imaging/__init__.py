"""From slices to the network's input: head outline, brain extent, the 8 zones, the tensor. The same for every
source.
"""
