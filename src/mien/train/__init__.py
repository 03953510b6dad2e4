"""Training with Keras, and the way from a trained net to the ONNX file that ships."""
