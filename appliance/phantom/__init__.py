"""A simulated head CT that needs no patient: anatomy, acquisition, DICOM files, a whole disc."""
