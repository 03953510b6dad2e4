"""The pictures in the body of a request: one as the file it is, or several in a form or in JSON."""

from __future__ import annotations

import json
import logging
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO
from typing import Annotated, Any, NamedTuple, NotRequired, TypedDict

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import File, FormParser, parse_options_header

from mien.apps.web.limits import NAME_LENGTH, PICTURES
from mien.core.errors import UsageError

# It logs what is wrong with a form, which the caller is told.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

AT_ONCE = 2**20
"""Bytes of a form that are read at once."""

FORM, JSON = "multipart/form-data", "application/json"

SEVERAL = {"minItems": 1, "maxItems": PICTURES}
"""How many pictures a request brings, as JSON schema has it."""

CLOSED = {"additionalProperties": False}
"""Of an object in JSON that has no other parts than are told."""


BASE64 = {
    "contentEncoding": "base64",
    "pattern": "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
}
"""A file as text; the pattern is for those who check no encodings."""


class Upload(NamedTuple):
    """A picture file, and its name; empty where it has none."""

    name: str
    data: bytes | bytearray


class EncodedPicture(TypedDict):
    """A picture file in base64."""

    data: Annotated[str, BASE64]
    name: NotRequired[Annotated[str, {"maxLength": NAME_LENGTH}]]


class EncodedPictures(TypedDict):
    """What a request brings in JSON."""

    images: Annotated[list[Annotated[EncodedPicture, CLOSED]], SEVERAL]


def uploads(content_type: str, body: bytearray) -> list[Upload] | None:
    """Return the pictures in a form or in JSON; None where a body is neither, and so a picture itself.

    Raises:
        UsageError: the body is not what it says, or holds no picture or too many.
    """
    kind, options = parse_options_header(content_type)
    if kind not in (FORM.encode(), JSON.encode()):
        return None
    found = _from_json(body) if kind == JSON.encode() else _from_form(options.get(b"boundary", b""), body)
    if not 1 <= len(found) <= PICTURES:
        raise UsageError(
            f"a request brings 1 to {PICTURES} pictures; got {len(found)}; send each as a file, the others later"
        )
    if any(len(one.name) > NAME_LENGTH for one in found):
        longest = max(len(one.name) for one in found)
        raise UsageError(f"the name of a picture has at most {NAME_LENGTH} characters; got {longest}; shorten it")
    return found


def _from_form(boundary: bytes, body: bytearray) -> list[Upload]:
    files: list[File] = []
    try:
        if not boundary:
            raise FormParserError("the header Content-Type names no boundary")
        parser = FormParser(FORM, None, files.append, boundary=boundary, config={"MAX_MEMORY_FILE_SIZE": float("inf")})
        for start in range(0, len(body), AT_ONCE):
            parser.write(bytes(body[start : start + AT_ONCE]))
        parser.finalize()
    except (FormParserError, UnicodeError) as error:
        raise UsageError(
            f"the form is malformed: {error}; expected files, as 'curl -F files=@a.jpg' sends them"
        ) from error
    return [Upload((one.file_name or b"").decode("utf-8", "replace"), _content(one)) for one in files]


def _content(file: File) -> bytes:
    held = file.file_object
    assert isinstance(held, BytesIO)  # as all of it may be held in memory
    return held.getvalue()


def _from_json(body: bytearray) -> list[Upload]:
    expected = 'expected {"images": [{"name": "a.jpg", "data": "<base64>"}]}'
    try:
        document: Any = json.loads(body)
        if not isinstance(document, Mapping) or set(document) != {"images"} or not isinstance(document["images"], list):
            raise ValueError("it is not an object with images alone")
        return [_decoded(one) for one in document["images"]]
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the JSON is malformed: {error}; {expected}") from error


def _decoded(one: Any) -> Upload:
    if not isinstance(one, Mapping) or not {"data"} <= set(one) <= {"data", "name"}:
        raise ValueError("a picture has data and may have a name, and nothing else")
    if not all(isinstance(value, str) for value in one.values()):
        raise ValueError("data and name are texts")
    return Upload(one.get("name", ""), b64decode(one["data"], validate=True))
