"""From frames to people: ids, smoothing over time, timelines."""
