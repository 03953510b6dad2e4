"""Initial weights of a net: pretrained, or from another net."""
