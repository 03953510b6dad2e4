"""Pictures in, their documents (docs/SCHEMA.md) out."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from PIL import Image

from mien.apps.web._openapi import LONG, answers, body, schema_of
from mien.apps.web.decoder import Decoder
from mien.apps.web.limits import PICTURE_PIXELS, PREVIEW_PX, SMALL_FACES_PIXELS
from mien.apps.web.service import Service
from mien.apps.web.settings import EarlierSettings, Named, NamedSettings
from mien.apps.web.uploads import CLOSED, FORM, JSON, SEVERAL, EncodedPictures, Upload, uploads
from mien.apps.web.workers import Workers
from mien.core.errors import ImageError
from mien.detection.sliced import SlicedDetector
from mien.inference.analyzer import Analyzer
from mien.results.analysis import Analysis
from mien.results.document import Document, PictureEntry, ResultEntry, document

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
        analyzer = service.analyzers(asked)
        async with service.bodies.whole(request) as data:
            found = await _several(request, data) or [Upload(asked.name or "", data)]
            return JSONResponse(await _document(service.workers, request, analyzer, found))

    told = answers(str, *LONG, kind=JPEG)

    @router.post("/v1/preview", responses=told, openapi_extra=body({"image/*": _FILE}), response_class=Response)
    async def preview(request: Request, asked: Annotated[Named, Query()]) -> Response:
        """Send back a picture as a JPEG that any browser can show, upright, its longer side 1600 pixels at most.

        The page asks for it where the browser cannot show what the service reads, such as TIFF or JPEG 2000.
        """
        async with service.bodies.whole(request) as data:
            work = partial(_preview, Upload(asked.name or "", data))
            return Response(await service.workers.run(work, request.receive), media_type=JPEG)

    @router.post(
        "/api/image", responses=answers(ResultEntry, *LONG), openapi_extra=body({"image/*": _FILE}), deprecated=True
    )
    async def image(request: Request, asked: Annotated[EarlierSettings, Query()]) -> JSONResponse:
        """Name what the faces of one picture show; the earlier form of ``/v1/images``."""
        analyzer = service.analyzers(asked.settings())
        async with service.bodies.whole(request) as data:
            work = partial(_result, analyzer, Upload(asked.name or "", data))
            return JSONResponse(await service.workers.run(work, request.receive))

    return router


async def _several(request: Request, data: bytearray) -> list[Upload] | None:
    """Return the pictures of a form or of JSON, which are read in a thread; None where there is neither."""
    kind = request.headers.get("content-type", "")
    return await to_thread.run_sync(uploads, kind, data) if kind.lower().startswith((FORM, JSON)) else None


async def _document(workers: Workers, request: Request, analyzer: Analyzer, found: list[Upload]) -> Document:
    """Return the document of pictures, each of which waits for a turn of its own.

    Raises:
        ImageError: there is one picture alone, and it cannot be read.
    """
    images: list[PictureEntry] = []
    failures: list[tuple[str, str]] = []
    for upload in found:
        try:
            images.append(await workers.run(partial(_entry, analyzer, upload), request.receive))
        except ImageError as error:
            if len(found) == 1:
                raise
            failures.append((upload.name or NAMELESS, str(error)))
    return document(analyzer.model, images, failures)


def _entry(analyzer: Analyzer, upload: Upload, decoder: Decoder) -> PictureEntry:
    return _analysis(analyzer, upload, decoder).entry()


def _result(analyzer: Analyzer, upload: Upload, decoder: Decoder) -> ResultEntry:
    return _analysis(analyzer, upload, decoder).to_dict()


def _preview(upload: Upload, decoder: Decoder) -> bytes:
    picture = Image.fromarray(decoder(upload.data, upload.name or "the posted file", PICTURE_PIXELS).image)
    picture.thumbnail((PREVIEW_PX, PREVIEW_PX))
    picture.save(file := BytesIO(), "JPEG", quality=90)
    return file.getvalue()


def _analysis(analyzer: Analyzer, upload: Upload, decoder: Decoder) -> Analysis:
    """Return what the faces of a picture show; its pixels are there until the decoder gets the next."""
    most = SMALL_FACES_PIXELS if isinstance(analyzer.detector, SlicedDetector) else PICTURE_PIXELS
    picture = decoder(upload.data, upload.name or "the posted file", most)
    return analyzer(picture.frame(upload.name or NAMELESS))
