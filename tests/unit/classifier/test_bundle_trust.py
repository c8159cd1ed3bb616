"""What a model file keeps of trust, and what happens when it was changed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_models import made_model, made_multi_label_model, made_trusting_model

from foveal.classifier import bundle
from foveal.classifier.caution import Caution, Judgement, judge
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError
from foveal.heads.affine import AffineHead
from foveal.trust import PARTS
from foveal.trust.trust import Trust

CAUTION = Caution(coverage=0.9, sure=0.7)


@pytest.fixture(scope="module")
def model() -> Classifier:
    return made_trusting_model()


@pytest.fixture
def saved(model: Classifier, tmp_path: Path) -> Path:
    return bundle.save(model, tmp_path / "m.foveal")


def _said(model: Classifier, rows: slice = slice(None)) -> Judgement:
    """Judged on usual features and on some that are like nothing learnt from."""
    rng = np.random.default_rng(4)
    features = rng.gamma(1, 1, (40, 6))
    features[::3] = -features[::3]
    features = features.astype(np.float16)[rows]
    logits = model.head.logits(features)
    return judge(CAUTION, model.trust, features, logits, model.probs_of(logits))


def _same(one: Judgement, other: Judgement) -> bool:
    assert one.sets is not None
    assert other.sets is not None
    return (one.doubts, one.broader) == (other.doubts, other.broader) and np.array_equal(one.sets, other.sets)


def _parts(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(parts.pop("manifest.json")), parts


def _rewritten(path: Path, arrays: dict[str, Any]) -> Path:
    """The model with other arrays of trust, and the checksum that belongs to them."""
    manifest, parts = _parts(path)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    parts["trust.npz"] = buffer.getvalue()
    manifest["sha256"]["trust.npz"] = hashlib.sha256(parts["trust.npz"]).hexdigest()
    other = path.with_name("other.foveal")
    with zipfile.ZipFile(other, "w") as archive:
        for name, content in {"manifest.json": json.dumps(manifest).encode(), **parts}.items():
            archive.writestr(name, content)
    return other


def test_trust_says_the_same_after_a_round_trip(model: Classifier, saved: Path) -> None:
    again = bundle.load(saved)
    before = _said(model)
    assert before.doubts is not None
    assert len(set(before.doubts)) > 3
    assert "animal" in before.broader
    assert None in before.broader
    assert _same(_said(again), before)
    assert bundle.save(again, saved.with_name("again.foveal")).read_bytes() == saved.read_bytes()
    assert again.trust.evidence is not None
    assert model.trust.evidence is not None
    assert again.trust.evidence.names == model.trust.evidence.names
    assert again.trust.evidence.picture(5) == b"jpeg"


def test_a_photo_is_judged_the_same_alone_and_among_others(model: Classifier) -> None:
    together = _said(model)
    assert together.sets is not None
    assert together.doubts is not None
    for row in range(40):
        alone = _said(model, slice(row, row + 1))
        assert alone.doubts == together.doubts[row : row + 1]
        assert (alone.broader or (None,))[0] == together.broader[row]
        assert np.array_equal(alone.sets, together.sets[row : row + 1])  # type: ignore[arg-type]


def test_what_an_older_foveal_would_misread_asks_for_a_newer_protocol(model: Classifier, tmp_path: Path) -> None:
    without = replace(model, trust=replace(model.trust, gate=None, arrangement=None))
    one_of_them = replace(model, trust=replace(model.trust, gate=None))
    plain, several = made_model(), made_multi_label_model()
    trained = replace(plain, head=AffineHead(np.ones((6, 3), np.float32), np.zeros(3, np.float32)))
    for each, protocol in ((plain, 1), (without, 1), (several, 2), (one_of_them, 3), (model, 3), (trained, 4)):
        manifest, parts = _parts(bundle.save(each, tmp_path / "m.foveal"))
        assert manifest["protocol"] == protocol
        assert ("trust.npz" in parts) == ("trust" in manifest) == bool(each.trust.arrays())


def test_a_protocol_of_a_later_foveal_is_refused(saved: Path) -> None:
    manifest, parts = _parts(saved)
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("manifest.json", json.dumps({**manifest, "protocol": bundle.PROTOCOL + 1}))
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(FovealError, match="expected protocol 4 or older, got 5") as caught:
        bundle.load(saved)
    assert caught.value.code == "model-too-new"


def test_a_file_of_an_earlier_foveal_has_no_trust_and_answers(tmp_path: Path) -> None:
    """Version 0.1 wrote no key `trust`, and figures without what is measured today."""
    path = bundle.save(made_model(), tmp_path / "old.foveal")
    manifest, _ = _parts(path)
    assert "trust" not in manifest
    found = bundle.load(path)
    assert found.trust.arrays() == {}
    assert found.unknown(np.ones((2, 6), np.float16)) is None
    logits = found.head.logits(np.ones((2, 6), np.float16))
    assert judge(Caution(), found.trust, np.ones((2, 6), np.float16), logits, found.probs_of(logits)) == Judgement()


def test_parts_of_a_later_version_are_passed_over(model: Classifier, saved: Path) -> None:
    arrays = {**model.trust.arrays(), "oracle/words": np.zeros(3), "tree/colours": np.zeros(2)}
    assert _same(_said(bundle.load(_rewritten(saved, arrays))), _said(model))


@given(place=st.floats(0, 0.99999), mask=st.integers(1, 255))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_byte_of_trust_changed_is_refused(saved: Path, place: float, mask: int) -> None:
    whole = bytearray(saved.read_bytes())
    _, parts = _parts(saved)
    start = whole.find(parts["trust.npz"])
    whole[start + int(len(parts["trust.npz"]) * place)] ^= mask
    changed = saved.with_name("changed.foveal")
    changed.write_bytes(whole)
    with pytest.raises(FovealError) as caught:
        bundle.load(changed)
    assert caught.value.code == "model-damaged"


ARRAYS = made_trusting_model().trust.arrays()


def _other_numbers(array: np.ndarray, number: int) -> np.ndarray:
    return np.full(array.shape, number - 3).astype(array.dtype if array.dtype.kind in "iuf" else np.int64)


CHANGES: dict[str, Callable[[np.ndarray, int], np.ndarray | None]] = {
    "gone": lambda array, number: None,
    "text": lambda array, number: np.array(["x"] * number),
    "shorter": lambda array, number: array[:-1] if array.ndim else array.reshape(1),
    "longer": lambda array, number: np.concatenate([array.ravel(), array.ravel()]),
    "wider": lambda array, number: np.stack([array] * number),
    "empty": lambda array, number: array.ravel()[:0],
    "other": _other_numbers,
    "nan": lambda array, number: np.full(array.shape, np.nan),
}


@given(name=st.sampled_from(sorted(ARRAYS)), how=st.sampled_from(sorted(CHANGES)), number=st.integers(1, 5))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast", "ignore:Conversion of an array")
def test_arrays_that_do_not_fit_are_refused_or_answer(saved: Path, name: str, how: str, number: int) -> None:
    arrays = dict(ARRAYS)
    changed = CHANGES[how](arrays.pop(name), number)
    if changed is not None:
        arrays[name] = changed
    path = _rewritten(saved, arrays)
    try:
        found = bundle.load(path)
    except FovealError as error:
        assert error.code == "model-damaged"  # noqa: PT017 (other exceptions must show)
        return
    said = _said(found)
    assert said.doubts is not None
    assert len(said.doubts) == 40
    if found.trust.evidence is not None:
        index, distances = found.trust.evidence.nearest(np.ones((1, 6), np.float16), 0, 3)
        assert np.isfinite(found.trust.evidence.closeness(distances)).all()
        assert all(isinstance(found.trust.evidence.picture(int(each)), bytes) for each in index[0])


@pytest.mark.parametrize(
    ("part", "columns", "classes"),
    [("gate", 7, 3), ("arrangement", 5, 3), ("tree", 6, 4), ("evidence", 7, 3), ("evidence", 6, 2)],
)
def test_parts_of_another_model_are_refused(model: Classifier, part: str, columns: int, classes: int) -> None:
    nothing = dict.fromkeys(PARTS)
    alone = Trust(**{**nothing, part: getattr(model.trust, part)})
    alone.check(columns=6, classes=3)
    with pytest.raises(FovealError, match=f"a part {part} ") as caught:
        alone.check(columns=columns, classes=classes)
    assert caught.value.code == "bad-value"
