"""Videos in, a line a frame out, while they are analysed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from mien.apps.web._filming import NAMELESS, Clip
from mien.apps.web._openapi import LONG, answers, body
from mien.apps.web.analyzers import Analyzers, Wanted
from mien.apps.web.bodies import parts
from mien.apps.web.limits import FILM_BYTES, VIDEO_BYTES, VIDEO_S
from mien.apps.web.service import Service
from mien.apps.web.settings import VideoSettings
from mien.core.child import Child, ChildDiedError
from mien.core.errors import VideoError
from mien.results.document import EndEntry, ErrorEntry, ResultEntry
from mien.results.log import json_line

JSON_LINES = "application/jsonl"
PROGRAM = "mien.apps.web._filming"


def routes(service: Service) -> APIRouter:
    """Return the path of videos."""
    router = APIRouter()
    told = answers(ResultEntry | EndEntry | ErrorEntry, *LONG, 501, kind=JSON_LINES)
    takes = body({"application/octet-stream": {"type": "string", "format": "binary"}})

    @router.post("/v1/videos", responses=told, openapi_extra=takes, response_class=StreamingResponse)
    async def videos(request: Request, asked: Annotated[VideoSettings, Query()]) -> Response:
        """Name what the faces of a video show, and who is who: a line of JSON a frame, as they are analysed.

        The last line tells the end, or what is wrong. An option that is not given is as the service was started.
        """
        service.workers.analyzers(asked.wanted())  # says what cannot be meant
        lines = _lines(service, request, asked)
        try:
            first = await anext(lines)  # what is wrong from the beginning is a problem
        except BaseException:
            await lines.aclose()
            raise
        return StreamingResponse(_from(first, lines), media_type=JSON_LINES)

    return router


async def _from(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with aclosing(rest):
        yield first
        async for line in rest:
            yield line


async def _lines(service: Service, request: Request, asked: VideoSettings) -> AsyncGenerator[bytes]:
    """Yield the lines of a video, which is in a temporary file for as long.

    Raises:
        HTTPException: the body is refused, or too many videos are analysed.
        VideoError: no frame of it can be read.
    """
    async with service.videos.one():
        with TemporaryDirectory(prefix="mien-") as folder:
            file = Path(folder) / "video"
            with file.open("wb") as stream:
                async for part in parts(request, VIDEO_BYTES):
                    stream.write(part)
            limits = FILM_BYTES, VIDEO_S
            clip = Clip(str(file), asked.name or "", asked.smooth, asked.detect_every, asked.fps, *limits)
            async for line in _analysed(service.workers.analyzers, asked.wanted(), clip):
                yield line


async def _analysed(analyzers: Analyzers, wanted: Wanted, clip: Clip) -> AsyncGenerator[bytes]:
    """Yield the lines of a video as the process makes them, which ends with the generator."""
    child = Child(PROGRAM)
    begun = False
    try:
        child.tell((analyzers, wanted, clip))
        while (line := await to_thread.run_sync(_heard, child, abandon_on_cancel=True)) is not None:
            if isinstance(line, str):
                if not begun:
                    raise VideoError(line)
                yield json_line({"path": clip.name or NAMELESS, "error": line})
                return
            yield line
            begun = True
    finally:
        child.kill()


def _heard(child: Child) -> bytes | str | None:
    """Return the next line of a process, or what is wrong; None after the last."""
    try:
        return child.hear()
    except ChildDiedError as died:
        if died.timed_out:
            return f"the video takes longer than {VIDEO_S:.0f} s; send a part of it, or ask for fewer frames with fps"
        return "the process that analysed the video was ended, as when it takes too much memory; make it smaller"
