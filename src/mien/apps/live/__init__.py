"""``mien live``."""
