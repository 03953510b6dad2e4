"""Data augmentation: random changes to the training faces."""
