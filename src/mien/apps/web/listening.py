"""The socket on which the service listens, and the server behind it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from mien.apps.web.connections import BoundedProtocol
from mien.apps.web.limits import CONNECTIONS, FRAME_BYTES, FRAMES_WAITING, IDLE_S, STOP_S
from mien.apps.web.names import plain
from mien.core.errors import UsageError


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; where a name has several addresses, on the first, IPv4 before IPv6.

    Args:
        host: a name or an address; empty for all of this machine's.
        port: 0 for any that is free.

    Raises:
        UsageError: the address is not this machine's, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, address = min((one[0], one[4]) for one in found)  # AF_INET is the lower number everywhere
        ip = plain(str(address[0]))
        if ip.version == 4:  # also one that was written as IPv6, to which no socket of IPv6 alone listens
            family, address = socket.AF_INET, (str(ip), port)
        listener = socket.create_server(address, family=family)
    except (OSError, UnicodeError) as error:
        reason = str(getattr(error, "strerror", "") or error).partition(" (while")[0]  # where, which Python adds
        raise UsageError(f"cannot listen on {host}:{port}: {reason}; choose another --host or --port") from error
    # Connections take it over. Without it the second of two small writes waits for the client to confirm the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def public_address(listener: socket.socket) -> str:
    """Return the address at which other machines may reach a socket; empty where none does."""
    ip = plain(listener.getsockname()[0])
    return "" if ip.is_loopback else str(ip)


def server(
    app: ASGIApp, root_path: str = "", certfile: Path | None = None, keyfile: Path | None = None
) -> uvicorn.Server:
    """Return a server with the limits of ``mien.apps.web.limits``.

    Its ``run(sockets=[...])`` answers what comes until Ctrl-C, which is raised again when all is closed.

    Args:
        app: answers.
        root_path: the path under which a proxy shows it.
        certfile: a certificate in PEM, for https.
        keyfile: its key, where certfile does not hold it.

    Raises:
        UsageError: they cannot be read, or are no certificate and its key.
    """
    if keyfile and not certfile:
        raise UsageError("--keyfile is the key of a certificate; give that as --certfile")
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,  # any other closes the handlers of everyone in the process, and absl's then its stream
        log_level="critical",  # of callers that leave, and of what is cancelled at the end, it says 60 lines each
        access_log=False,
        server_header=False,
        backlog=CONNECTIONS,  # as many are taken at once before any is ended for being one too many
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=cast("Any", STOP_S),  # by its type, whole seconds
        ws_max_size=FRAME_BYTES,
        ws_max_queue=FRAMES_WAITING,
        ws_per_message_deflate=False,  # pictures are compressed already
        root_path=root_path,
        ssl_certfile=certfile,
        ssl_keyfile=keyfile,
    )
    try:
        config.load()
    except OSError as error:  # ssl.SSLError is one
        raise UsageError(
            f"cannot use --certfile {certfile} and --keyfile {keyfile}: {error.strerror or error}; give a certificate "
            "and its key, in PEM"
        ) from error
    return uvicorn.Server(config)
