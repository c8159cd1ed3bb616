from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_models import made_model, made_multi_label_model

from foveal.classifier import bundle
from foveal.classifier.classifier import Classifier
from foveal.errors import FovealError

REFUSALS = {"model-damaged", "model-foreign", "model-too-new", "model-unreadable"}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return bundle.save(made_model(), tmp_path / "m.foveal")


def _same(one: Classifier, other: Classifier) -> bool:
    features = np.random.default_rng(1).random((5, 6)).astype(np.float16)
    return (
        (one.class_names, one.views, one.temperature) == (other.class_names, other.views, other.temperature)
        and one.record == other.record
        and np.array_equal(one.probs(features), other.probs(features))
    )


def test_a_round_trip_changes_nothing(saved: Path) -> None:
    assert _same(bundle.load(saved), made_model())


def test_thresholds_survive_a_round_trip(tmp_path: Path) -> None:
    model = made_multi_label_model()
    found = bundle.load(bundle.save(model, tmp_path / "m.foveal"))
    assert _same(found, model)
    assert found.multi_label
    assert found.thresholds is not None
    np.testing.assert_array_equal(found.thresholds, model.thresholds)


def test_only_models_of_several_labels_need_the_newer_protocol(saved: Path, tmp_path: Path) -> None:
    several = bundle.save(made_multi_label_model(), tmp_path / "several.foveal")
    for path, protocol, task in ((saved, 1, "classification"), (several, 2, "multi-label classification")):
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["protocol"], manifest["task"]) == (protocol, task)


def test_the_same_model_gives_the_same_bytes(saved: Path, tmp_path: Path) -> None:
    assert bundle.save(bundle.load(saved), tmp_path / "again.foveal").read_bytes() == saved.read_bytes()


def test_a_network_that_two_views_share_is_kept_once(saved: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        assert archive.namelist() == ["manifest.json", "networks/0.onnx", "head.npz"]
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_names_of_any_script_survive(tmp_path: Path) -> None:
    names = ("mañana", "日本", "😀", r"odd\udcff", "a|b<script>")
    assert bundle.load(bundle.save(made_model(names), tmp_path / "m.foveal")).class_names == names


@given(cut=st.floats(0, 0.999))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_is_refused(saved: Path, cut: float) -> None:
    whole = saved.read_bytes()
    part = saved.with_name("cut.foveal")
    part.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(FovealError) as caught:
        bundle.load(part)
    assert caught.value.code in {"model-damaged", "model-foreign"}


@given(place=st.floats(0, 0.9999), mask=st.integers(1, 255))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_byte_changed_anywhere_is_refused_or_without_effect(saved: Path, place: float, mask: int) -> None:
    whole = bytearray(saved.read_bytes())
    whole[int(len(whole) * place)] ^= mask
    changed = saved.with_name("changed.foveal")
    changed.write_bytes(whole)
    try:
        found = bundle.load(changed)
    except FovealError as error:
        assert error.code in REFUSALS  # noqa: PT017 (other exceptions must show)
    else:
        assert _same(found, made_model())  # dates and other notes of the zip itself


def test_what_a_model_looks_like(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("text", "x")
    assert bundle.looks_like_one(saved)
    assert bundle.looks_like_one(tmp_path / "empty")
    assert not bundle.looks_like_one(tmp_path / "other.zip")


def test_keys_of_a_later_version_are_passed_over(saved: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    manifest["novelty"] = manifest["head"]["novelty"] = manifest["views"][0]["novelty"] = 1
    with zipfile.ZipFile(tmp_path / "later.foveal", "w") as archive:
        for name, content in {**parts, "manifest.json": json.dumps(manifest)}.items():
            archive.writestr(name, content)
    assert _same(bundle.load(tmp_path / "later.foveal"), made_model())


def test_saving_over_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FovealError) as caught:
        bundle.save(made_model(), tmp_path)
    assert caught.value.code == "cannot-write"
    assert list(tmp_path.parent.glob("*.part")) == []
