"""The web page of ``mien web``, and the API behind it (docs/how-to/web.md)."""
