"""From published data sets to one file a split."""
