"""Pixels, decoded, searched for faces, cut and drawn on: the only rooms that know OpenCV and Pillow."""
