"""Data sets: read in the forms that they are published in, audited, and written as one file a split."""
