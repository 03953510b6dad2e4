"""From pictures to the emotions of their faces."""
