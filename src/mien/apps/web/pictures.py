"""Pictures in, their documents (docs/SCHEMA.md) out."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from mien.apps.web._openapi import LONG, answers, body, schema_of
from mien.apps.web._reading import File, bounded, entry, preview
from mien.apps.web.analyzers import Wanted
from mien.apps.web.limits import PICTURE_PIXELS, PREVIEW_PX, SMALL_FACES_PIXELS
from mien.apps.web.service import Service
from mien.apps.web.settings import EarlierSettings, Named, NamedSettings
from mien.apps.web.uploads import CLOSED, FORM, JSON, SEVERAL, EncodedPictures, Upload, uploads
from mien.apps.web.workers import Workers
from mien.core.errors import ImageError
from mien.detection.sliced import SlicedDetector
from mien.results.document import SCHEMA, Document, PictureEntry, ResultEntry, document

NAMELESS = "picture"
"""The path that a document has of a picture whose request gives it no name."""

JPEG = "image/jpeg"

_FILE = {"type": "string", "format": "binary"}
_FILES = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": _FILE, **SEVERAL}},
    "required": ["files"],
}
_PICTURES = {"image/*": _FILE, FORM: _FILES, JSON: {**schema_of(EncodedPictures), **CLOSED}}


def routes(service: Service) -> APIRouter:
    """Return the paths of pictures."""
    router = APIRouter()

    @router.post("/v1/images", responses=answers(Document, *LONG), openapi_extra=body(_PICTURES))
    async def images(request: Request, asked: Annotated[NamedSettings, Query()]) -> JSONResponse:
        """Name what the faces of pictures show.

        The body is a picture as the file it is, or several in a form or, in base64, in JSON. Of several, those that
        cannot be read are told as failures. An option that is not given is as the service was started.
        """
        reading = Reading(service.workers, request, asked.wanted())
        async with service.bodies.whole(request) as data:
            found = await _several(request, data) or [Upload(asked.name or "", data)]
            return JSONResponse(await reading.document(found))

    told = answers(str, *LONG, kind=JPEG)

    @router.post("/v1/preview", responses=told, openapi_extra=body({"image/*": _FILE}), response_class=Response)
    async def previews(request: Request, asked: Annotated[Named, Query()]) -> Response:
        """Send back a picture as a JPEG that any browser can show, upright, its longer side 1600 pixels at most.

        The page asks for it where the browser cannot show what the service reads, such as TIFF or JPEG 2000.
        """
        async with service.bodies.whole(request) as data:
            work = partial(preview, _file(Upload(asked.name or "", data), PICTURE_PIXELS), PREVIEW_PX)
            return Response(await service.workers.run(work, request.receive), media_type=JPEG)

    @router.post(
        "/api/image", responses=answers(ResultEntry, *LONG), openapi_extra=body({"image/*": _FILE}), deprecated=True
    )
    async def image(request: Request, asked: Annotated[EarlierSettings, Query()]) -> JSONResponse:
        """Name what the faces of one picture show; the earlier form of ``/v1/images``."""
        reading = Reading(service.workers, request, asked.wanted())
        async with service.bodies.whole(request) as data:
            entry = await reading.entry(Upload(asked.name or "", data))
            return JSONResponse({**entry, "schema": SCHEMA, "model": reading.model})

    return router


async def _several(request: Request, data: bytearray) -> list[Upload] | None:
    """Return the pictures of a form or of JSON, which are read in a thread; None where there is neither."""
    kind = request.headers.get("content-type", "")
    return await to_thread.run_sync(uploads, kind, data) if kind.lower().startswith((FORM, JSON)) else None


class Reading:
    """How the pictures of a request are read.

    Args:
        workers: read them.
        request: brings them.
        wanted: what is to find and name the faces.

    Attributes:
        model: the entry of its model.

    Raises:
        UsageError: what is wanted cannot be meant.
        DetectorError: the installed OpenCV has no such detector.
    """

    def __init__(self, workers: Workers, request: Request, wanted: Wanted) -> None:
        analyzer = workers.analyzers(wanted)
        self.model = analyzer.model
        self._max_pixels = SMALL_FACES_PIXELS if isinstance(analyzer.detector, SlicedDetector) else PICTURE_PIXELS
        self._workers, self._request, self._wanted = workers, request, wanted

    async def document(self, found: list[Upload]) -> Document:
        """Return the document of pictures, each of which waits for a turn of its own.

        Raises:
            ImageError: there is one picture alone, and it cannot be read.
        """
        images: list[PictureEntry] = []
        failures: list[tuple[str, str]] = []
        for upload in found:
            try:
                images.append(await self.entry(upload))
            except ImageError as error:
                if len(found) == 1:
                    raise
                failures.append((upload.name or NAMELESS, str(error)))
        return document(self.model, images, failures)

    async def entry(self, upload: Upload) -> PictureEntry:
        """Return the entry of a picture.

        Raises:
            ImageError: it cannot be read.
        """
        work = partial(entry, _file(upload, self._max_pixels), upload.name or NAMELESS, self._wanted)
        return await self._workers.run(work, self._request.receive)


def _file(upload: Upload, max_pixels: int) -> File:
    return bounded(upload.name or "the posted file", upload.data, max_pixels)
