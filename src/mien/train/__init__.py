"""Training with Keras, and the export of trained nets to ONNX files."""
