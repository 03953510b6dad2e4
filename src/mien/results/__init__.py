"""Results as documents, rows and files."""
