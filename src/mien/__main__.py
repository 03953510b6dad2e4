"""``python -m mien`` is the command ``mien``."""

from mien.apps.cli.main import run

if __name__ == "__main__":
    run()
