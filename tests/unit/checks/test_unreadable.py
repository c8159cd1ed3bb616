from __future__ import annotations

import numpy as np
import pytest
from tests.unit.checks.made_evidence import evidence
from tests.unit.imaging.samples import encoded, noise_rgb, smooth_rgb

from foveal.checks.unreadable import check
from foveal.errors import FovealError
from foveal.imaging.decode import Limits, decode, read_image


def reason(data: bytes, **options) -> str:
    with pytest.raises(FovealError) as caught:
        decode(data, name="x.jpg", **options)
    return caught.value.message


def test_nothing_is_said_where_all_can_be_read():
    assert list(check(evidence([0, 1, 0, 1]))) == []


def test_each_way_not_to_be_readable_is_a_finding_of_its_own(tmp_path):
    jpeg = encoded(noise_rgb(40, 40), "JPEG")
    png = encoded(smooth_rgb(40, 40), "PNG")
    with pytest.raises(FovealError) as missing:
        read_image(tmp_path / "gone.jpg")
    expected = {
        "truncated-photos": [reason(jpeg[: len(jpeg) // 2])],
        "corrupt-photos": [reason(png[:60] + b"\0\0\0\0" + png[64:]), reason(b"P6 0 0 255 ")],
        "empty-files": [reason(b"")],
        "too-large-photos": [
            reason(jpeg, limits=Limits(max_pixels=100)),
            reason(jpeg, limits=Limits(max_file_bytes=100)),
        ],
        "not-photos": [reason(b"<html>not found</html>"), reason(b"%PDF-1.7")],
        "missing-extra": ["x.heic: HEIC photos need pillow-heif"],
        "unreadable-files": [missing.value.message],
    }
    reasons = [each for several in expected.values() for each in several]
    found = list(check(evidence([0, 1] * 10, failures=dict(enumerate(reasons)))))
    assert [finding.code for finding in found] == list(expected)
    assert [list(finding.notes) for finding in found] == list(expected.values())
    rows = np.concatenate([finding.rows for finding in found])
    assert rows.tolist() == list(range(len(reasons)))


def test_many_failures_score_higher_than_one():
    few = list(check(evidence([0, 1] * 200, failures={7: "a: the file is empty"})))
    many = list(check(evidence([0, 1] * 200, failures=dict.fromkeys(range(90), "a: the file is empty"))))
    assert few[0].score < 0.35
    assert many[0].score > 0.75
    assert "1 file is empty" in few[0].title
    assert "90 files are empty" in many[0].title


def test_a_dataset_in_which_nothing_can_be_read_is_described():
    found = list(check(evidence([0, 1], failures={0: "a: the file is empty", 1: "b: the file is empty"})))
    assert [finding.rows.tolist() for finding in found] == [[0, 1]]
