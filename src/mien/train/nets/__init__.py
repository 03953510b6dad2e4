"""The architectures of the nets."""
