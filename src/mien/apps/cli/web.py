"""``mien web``: a page for pictures, videos and the camera in a browser, and the API behind it."""

from __future__ import annotations

import re
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.apps.cli import verbosity
from mien.apps.cli.options import AnalyzerOptions, Force
from mien.core.errors import UsageError

if TYPE_CHECKING:
    from mien.apps.web.access import Access
    from mien.apps.web.workers import Workers

EVERYWHERE = {"0.0.0.0", "::"}
"""The addresses that stand for all of this machine's."""

SHORTEST_TOKEN = 16
"""Characters of the shortest token that is taken: guessing a random one of these takes longer than anyone has."""

_TOKEN = re.compile(rf"[!-~]{{{SHORTEST_TOKEN},200}}")
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessOptions:
    """Who may call."""

    token: Annotated[
        str, typer.Option(envvar="MIEN_TOKEN", help="What callers must show; needed where others reach --host.")
    ] = ""
    insecure: Annotated[bool, typer.Option("--insecure", help="Let in all who reach --host, without a token.")] = False
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name by which a proxy calls the service; may be given several times."),
    ] = None
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A site whose pages may call, as https://faces.example; several times."),
    ] = None
    root_path: Annotated[
        str, typer.Option(metavar="PATH", help="The path under which a proxy shows the service, as /mien.")
    ] = ""

    def checked(self, host: str, public: str) -> Access:
        """Return who may call.

        Args:
            host: as it was given.
            public: the address at which others reach it; empty where nobody does.

        Raises:
            UsageError: others reach it and nothing says who of them may call, or an option is malformed.
        """
        from mien.apps.web.access import Access

        if public and not self.token and not self.insecure:
            raise UsageError(
                f"--host '{host}' lets in whoever reaches {public}; add --token with a long random word, such as "
                f"{secrets.token_urlsafe(24)}, or --insecure to let in everyone"
            )
        if self.token and not _TOKEN.fullmatch(self.token):
            raise UsageError(
                f"--token must be {SHORTEST_TOKEN} to 200 letters, digits or signs, without spaces; got "
                f"{len(self.token)} characters"
            )
        if self.root_path and not _ROOT_PATH.fullmatch(self.root_path):
            raise UsageError(f"--root-path must begin with a slash and end with none, as /mien; got '{self.root_path}'")
        own = {"localhost", host.lower(), *([socket.gethostname().lower()] if public else [])}
        names = own | {_name(one) for one in self.allow_host or []}
        return Access(frozenset(names - {""}), frozenset(map(_origin, self.allow_origin or [])), self.token)


def _name(text: str) -> str:
    """Return a name of --allow-host.

    Raises:
        UsageError: it is none.
    """
    from mien.apps.web.names import place

    named = place(text)
    if named is None or named.port is not None:
        raise UsageError(f"--allow-host takes a name without scheme and port, as faces.example; got '{text}'")
    return named.name


def _origin(text: str) -> str:
    """Return a site of --allow-origin as browsers write it.

    Raises:
        UsageError: it is none.
    """
    from mien.apps.web.names import origin, written

    named = origin(text.lower())
    if named is None:
        raise UsageError(f"--allow-origin takes scheme and name without a path, as https://faces.example; got '{text}'")
    return written(*named)


def web(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0: all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any that is free.", min=0, max=65535)] = 8000,
    static: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the page into a folder, as a site that needs no server of mien."),
    ] = None,
    force: Force = False,
    certfile: Annotated[Path | None, typer.Option(help="A certificate, for https.")] = None,
    keyfile: Annotated[Path | None, typer.Option(help="Its key, if it is in another file.")] = None,
    concurrency: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Processes that read pictures, one each at once.", show_default="one for each core"
        ),
    ] = None,
    access: AccessOptions,
    options: AnalyzerOptions,
) -> None:
    """Open a page for pictures, videos and the camera, and its API, until Ctrl-C.

    It answers this machine alone unless --host says otherwise, and then asks for a token. Nothing that is sent is kept.
    With --static it writes the page as files instead, which any web server can show: pictures are read in the tab.
    """
    from mien.core.errors import MissingExtra

    try:
        from mien.apps.web.app import create_app
        from mien.apps.web.listening import listening, public_address, server
        from mien.apps.web.site import write_site
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"the page needs {error.name}, which is not installed; run: pip install 'mien[web]'"
        ) from error

    if static is not None:
        size = write_site(options.load(), static, force=force)
        verbosity.say(
            f"mien: wrote {static}, {size / 1e6:.0f} MB; any web server can show it, over https or as localhost"
        )
        return
    with listening(host, port) as listener:
        public = public_address(listener)
        allowed = access.checked(host, public)
        processes = _processes(options, concurrency)
        processes.start()
        answering = server(create_app(processes, allowed, verbosity.detail), access.root_path, certfile, keyfile)
        _greet(host, listener.getsockname()[1], public, allowed, "https" if certfile else "http")
        answering.run(sockets=[listener])


def _processes(options: AnalyzerOptions, concurrency: int | None) -> Workers:
    """Return the processes that read pictures: one that is read alone with more threads than several at once."""
    from mien.apps.web.analyzers import Analyzers
    from mien.apps.web.workers import Workers
    from mien.inference.analyzer import load

    given = options.arguments()
    nets = {name: given[name] for name in ("device", "threads", "batch_size")}
    alone = Analyzers(options.load(), nets)
    if options.threads:
        return Workers(alone, count=concurrency)
    one: dict[str, Any] = {"threads": 1}
    return Workers(alone, Analyzers(load(**given | one), nets | one), concurrency)


def _greet(host: str, port: int, public: str, access: Access, scheme: str) -> None:
    """Say where the page is, and who else can reach it."""
    shown = "localhost" if public in EVERYWHERE else f"[{host}]" if ":" in host else host
    verbosity.say(f"mien: the page is at {scheme}://{shown}:{port} (Ctrl-C ends)")
    if access.token:
        verbosity.note("it asks for the token once; programs send it as 'Authorization: Bearer TOKEN'")
    elif public:
        verbosity.note("whoever reaches this machine can use it; there is no password")
    if public and scheme == "http":
        verbosity.note(
            "pictures come without encryption; give --certfile and --keyfile, or put a proxy with https before it"
        )
