"""Scores of the model file that ships, by protocol."""
