"""``mien web``: a page for pictures, videos and the camera in a browser, and the API behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import AnalyzerOptions

if TYPE_CHECKING:
    from socket import socket

    from fastapi import FastAPI


def web(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0: all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free.", min=0, max=65535)] = 8000,
    options: AnalyzerOptions,
) -> None:
    """Open a page for pictures, videos and the camera, and its API, until Ctrl-C.

    It answers this machine alone unless --host says otherwise. There is no password, and nothing that is sent is kept.
    """
    from mien.core.errors import MissingExtra

    try:
        from mien.apps.web.app import create_app
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"the page needs {error.name}, which is not installed; run: pip install 'mien[web]'"
        ) from error

    analyzer = options.load()
    everywhere = host in {"0.0.0.0", "::"}
    with _listening(host, port) as listener:
        place = f"[{host}]" if ":" in host else host
        shown = "localhost" if everywhere else place
        verbosity.say(f"mien: the page is at http://{shown}:{listener.getsockname()[1]} (Ctrl-C ends)")
        if everywhere:
            verbosity.note("whoever reaches this machine can use it; there is no password")
        hosts = None if everywhere else frozenset({"localhost", "127.0.0.1", "::1", host.lower()})
        _serve(create_app(analyzer, hosts), listener)


def _listening(host: str, port: int) -> socket:
    """Return a socket that listens.

    Raises:
        UsageError: the address is not this machine's, or the port is taken.
    """
    import socket

    from mien.core.errors import UsageError

    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = str(error.strerror).partition(" (while")[0]  # where, which Python adds
        raise UsageError(f"cannot listen on {host}:{port}: {reason}; choose another --host or --port") from error


def _serve(app: FastAPI, listener: socket) -> None:
    """Answer what comes until Ctrl-C, which is raised again when all is closed."""
    import uvicorn

    from mien.apps.web.limits import FRAME_BYTES, FRAMES_WAITING

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
        ws_max_size=FRAME_BYTES,
        ws_max_queue=FRAMES_WAITING,
    )
    uvicorn.Server(config).run(sockets=[listener])
