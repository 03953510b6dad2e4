"""Pictures: decoded, converted to RGB, cropped to faces, checked for quality, anonymized, corrupted for tests."""
