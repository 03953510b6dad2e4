"""The command ``mien``, also as ``python -m mien``."""

import sys


def run() -> None:
    """Run the command line; Ctrl-C ends it quietly, also while it is still loaded."""
    try:
        from mien.apps.cli.main import run as run_command

        run_command()
    except KeyboardInterrupt:
        sys.exit(130)  # stopping.STOPPED, which would have to be loaded


if __name__ == "__main__":
    run()
