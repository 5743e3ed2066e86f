"""A review that is killed after any answer: what was answered is saved, and the end is that of one that was not."""

import http.client
import json
import random
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from report.review.conftest import Review

KILLS = 5
DECISION = {"text": None, "reason": "noise", "start": None, "end": None, "reviewer": ""}


def post(url: str, clip: int) -> int:
    """Decide about a clip as the page does; return the status of the answer."""
    at = urlsplit(url)
    cookie = f"ttsprep-review-{at.port}={parse_qs(at.query)['token'][0]}"
    change = {"clip": clip, "seen": None, "new": DECISION | {"decision": "keep" if clip % 2 else "reject"}}
    connection = http.client.HTTPConnection(at.netloc, timeout=60)
    headers = {"Cookie": cookie, "Origin": f"http://{at.netloc}"}
    connection.request("POST", "/decisions", json.dumps([change]), headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.slow
def test_decisions_of_a_killed_review_are_those_of_another(
    review: Callable[..., Review], audited: Path, tmp_path: Path
) -> None:
    clips, chance = 14, random.Random(7)
    whole = tmp_path / "whole.csv"
    whole_review = review(audited, "--decisions", whole)
    assert [post(whole_review.url, clip) for clip in range(clips)] == [200] * clips
    whole_review.stop()
    before = {path.name for path in audited.iterdir()}
    killed = review(audited)
    ends = {*chance.sample(range(clips), KILLS)}
    for clip in range(clips):
        assert post(killed.url, clip) == 200
        if clip in ends:
            killed.kill()
            killed.start()
            assert post(killed.url, clip) == 200, "to send it again changes nothing"
    killed.stop()
    assert (audited / "decisions.csv").read_bytes() == whole.read_bytes()
    assert {path.name for path in audited.iterdir()} - before == {"decisions.csv"}
