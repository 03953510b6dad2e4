"""The API of ``mien web`` against its own description, asked by schemathesis: what it takes, refuses and answers."""

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI, HTTPException
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from mien.apps.web import videos
from mien.apps.web._openapi import answers
from mien.apps.web.access import Access
from mien.apps.web.app import create_app
from mien.core.errors import VideoError
from web_client import workers

SETTINGS = {
    "seed": 0,
    "cache": {"enabled": False},
    "generation": {"max-examples": 5, "database": "none"},
    # What is no picture cannot be told by a schema.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "422"]}},
}


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """The service, in which no bytes are a video, as each would be read in a process of its own."""

    async def refused(*_: Any) -> AsyncGenerator[bytes]:
        raise VideoError("not a video")
        yield b""

    monkeypatch.setattr(videos, "_analysed", refused)
    return create_app(workers(), Access(frozenset({"testserver"})))


def found(app: FastAPI, paths: str = ".") -> Iterator[tuple[str, list[str]]]:
    """Ask the operations whose paths match; yield their names and what is wrong with them."""
    config = SchemathesisConfig.from_dict(SETTINGS)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config).include(path_regex=paths)

    @schema.hook
    def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
        """Let pass what a description cannot tell: not every detector is installed, or takes every option."""
        return not any(why in response.text for why in ("has no option small_faces", "has no Haar cascades"))

    for event in from_schema(schema).execute():
        assert not isinstance(event, events.FatalError | events.NonFatalError), event
        if isinstance(event, events.ScenarioFinished) and event.label:
            checks = [check for checks in event.recorder.checks.values() for check in checks]
            yield event.label, [f"{told.failure}: {told.code_sample}" for one in checks if (told := one.failure_info)]


def test_the_service_does_as_it_is_described(app: FastAPI):
    wrong = list(found(app))
    assert {name for name, _ in wrong} == {
        f"{method.upper()} {path}" for path, methods in app.openapi()["paths"].items() for method in methods
    }
    assert "\n".join(failure for _, failures in wrong for failure in failures) == ""


def test_a_status_that_is_not_described_is_found(app: FastAPI):
    @app.get("/v1/planted", responses=answers(str))
    async def planted() -> None:
        raise HTTPException(418)

    assert any("418" in failure for _, failures in found(app, "/v1/planted") for failure in failures)
