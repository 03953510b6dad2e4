"""Pictures: decoding, conversion to RGB, crops of faces, quality, anonymizing, corruptions."""
