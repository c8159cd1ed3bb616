import numpy as np
import pytest
from made_evidence import evidence

from foveal.checks.outliers import check, isolation, oddities


def pooled(count, *, seed=0, columns=64, active=slice(0, 40)):
    """Activations as a network pools them: non-negative, on some of the columns."""
    out = np.zeros((count, columns))
    out[:, active] = np.random.default_rng(seed).gamma(2, 1, (count, len(range(columns)[active])))
    return out


def test_planted_photos_of_something_else_are_listed_first():
    labels = np.arange(210) % 3
    odd = [11, 60, 199]
    embeddings = pooled(210)
    embeddings[odd] = pooled(3, seed=1, active=slice(20, 64))
    (finding,) = check(evidence(labels, embeddings=embeddings))
    assert set(finding.rows[:3].tolist()) == set(odd)
    assert len(finding.rows) <= 5
    assert (np.diff(finding.scores) <= 0).all()
    assert finding.values["photos"] == len(finding.rows)


@pytest.mark.parametrize("seed", range(5))
def test_photos_of_one_kind_raise_no_alarm(seed):
    found = oddities(isolation(pooled(400, seed=seed), np.zeros(400, np.int32)))
    assert len(found.at) <= 3


def test_a_small_class_of_its_own_is_rare_and_not_odd():
    labels = np.concatenate([np.zeros(200, np.int32), np.ones(6, np.int32)])
    embeddings = np.concatenate([pooled(200), 2 + 0.5 * pooled(6, seed=1, active=slice(24, 64))])
    assert not (oddities(isolation(embeddings, labels)).at >= 200).any()


def test_copies_do_not_make_an_odd_photo_usual():
    embeddings = pooled(200)
    embeddings[:6] = pooled(1, seed=1, active=slice(30, 64))
    found = oddities(isolation(embeddings, np.full(200, -1, np.int32)))
    assert set(range(6)) <= set(found.at.tolist())


def test_a_sample_of_many_photos_ranks_like_all_of_them(monkeypatch):
    embeddings = pooled(600)
    embeddings[::100] = pooled(6, seed=1, active=slice(24, 64))
    labels = (np.arange(600) % 3).astype(np.int32)
    whole = isolation(embeddings, labels)
    monkeypatch.setattr("foveal.checks.outliers._REFERENCE", 300)
    monkeypatch.setattr("foveal.checks.outliers._BLOCK", 64)
    sampled = isolation(embeddings, labels)
    assert set(np.argsort(-sampled)[:6].tolist()) == set(range(0, 600, 100))
    assert np.corrcoef(whole, sampled)[0, 1] > 0.8


@pytest.mark.parametrize("labels", [[], [0] * 5, [-1] * 20])
def test_a_handful_of_photos_is_not_judged(labels):
    assert list(check(evidence(labels, class_names=["a"], embeddings=pooled(len(labels))))) == []


def test_equal_photos_are_not_odd():
    assert list(check(evidence([0] * 40, embeddings=np.ones((40, 8))))) == []
