"""Video files, cameras and streams: read, timed and written, with their audio."""
