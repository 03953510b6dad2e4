"""Batches of any size: pictures as a stream of units, each analysed by itself and finished completely or not at all."""
