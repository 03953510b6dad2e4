"""Scores of an exported model file, by protocol."""
