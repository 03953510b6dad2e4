"""The vocabulary of mien: emotions, types, boxes, metrics and errors, with numpy and the standard library alone."""
