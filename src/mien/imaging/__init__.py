"""Pictures: decoded from files, brought to RGB, cut, judged and changed."""
