"""What the weights of a net begin as."""
