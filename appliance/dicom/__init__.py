"""DICOM in: files, then headers, then the one series to judge, then slabs in Hounsfield units, then a `SliceStack`."""
