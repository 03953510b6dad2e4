import pytest

import pictures


def test_a_film_goes_on_from_its_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pictures, "TIMES", 2)
    times = [due_s for _, due_s in pictures.over_and_over(pictures.EXAMPLES / "heads.mp4")]
    once, again = times[: len(times) // 2], times[len(times) // 2 :]
    assert again == pytest.approx([once[-1] + time_s for time_s in once])
    assert once[0] == 0
