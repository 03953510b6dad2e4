"""Batches of any size: pictures as a stream of units, each worked on by itself and finished whole or not at all."""
