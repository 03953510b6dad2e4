"""From a picture to the emotion on each face."""
