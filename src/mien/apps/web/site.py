"""The page as files for any static host: it reads pictures in the visitor's tab, also without a network."""

from __future__ import annotations

import hashlib
import json
from html import escape
from importlib import resources
from pathlib import Path

from mien.apps.web.app import about
from mien.apps.web.middleware import HEADERS
from mien.apps.web.tab import STATIC, about_tab, nets
from mien.core.errors import MienError, UsageError
from mien.core.output import advice_on, folder_for, refuse_existing, write_whole
from mien.inference.analyzer import Analyzer

WORKER = "sw.js"
"""The service worker, which keeps the files; it lies above them, as it may keep what lies below it alone."""


def write_site(analyzer: Analyzer, folder: Path, *, force: bool) -> int:
    """Write the site.

    Args:
        analyzer: whose nets and settings it has.
        folder: where it goes; it is made if it is not there.
        force: whether to write into a folder that holds something.

    Returns:
        How many bytes it has.

    Raises:
        UsageError: the folder holds something, or the analyzer cannot work in a browser.
        MienError: the folder cannot be written.
    """
    if why := about_tab(analyzer)["why_not"]:
        raise UsageError(f"there can be no page without a server: {why}")
    files = site(analyzer)
    with folder_for(folder):
        refuse_existing(sorted(folder.iterdir()), force=force, option="--static")
        try:
            for name, content in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                write_whole(folder / name, content)
        except OSError as error:
            raise MienError(f"cannot write to {folder} ({error.strerror}); {advice_on(error)}") from error
    return sum(map(len, files.values()))


def site(analyzer: Analyzer) -> dict[str, bytes]:
    """Return the files of the site by their names in it."""
    static = {f"static/{path.relative_to(STATIC).as_posix()}": path for path in STATIC.rglob("*") if path.is_file()}
    files = {name: path.read_bytes() for name, path in static.items()}
    worker = files.pop(f"static/{WORKER}").decode()
    files |= {f"weights/{name}": content for name, content in nets(analyzer).items()}
    files["index.html"] = _page(files.pop("static/index.html").decode()).encode()
    files["theme.css"] = resources.files("mien.report").joinpath("theme.css").read_bytes()
    files["model.json"] = json.dumps(about(analyzer)).encode()
    files[WORKER] = _filled(worker, files).encode()
    return files


def _page(page: str) -> str:
    """Return the page of a site: it knows that it has no server, and carries the policy that a server would send."""
    parts = HEADERS["Content-Security-Policy"].split("; ")
    # The one part that a page cannot say of itself.
    policy = "; ".join(part for part in parts if not part.startswith("frame-ancestors"))
    head = f'<head>\n<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">'
    return page.replace("<html ", "<html data-site ", 1).replace("<head>", head, 1)


def _filled(worker: str, files: dict[str, bytes]) -> str:
    """Return the service worker with the names of the files that it keeps, and what tells these from earlier ones."""
    digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for _, content in sorted(files.items())))
    names = json.dumps(["./", *sorted(files)])
    return worker.replace("FILES = []", f"FILES = {names}").replace(
        'RELEASE = ""', f'RELEASE = "{digest.hexdigest()[:16]}"'
    )
