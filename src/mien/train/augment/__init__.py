"""Changes to faces while a net learns."""
