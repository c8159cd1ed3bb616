from __future__ import annotations

import numpy as np

from foveal.assurance.arrangement import FALSE_ALARMS, learn_arrangement


def made(n: int, columns: int = 40, *, torn: bool, seed: int) -> np.ndarray:
    """Features of which the last five change when a photo is torn up; the others vary as they like."""
    rng = np.random.default_rng(seed)
    features = rng.gamma(2.0, 1.0, (n, columns))
    features[:, -5:] *= 3.0 if torn else 1.0
    return features.astype(np.float16)


def test_torn_photos_are_told_apart_and_whole_ones_are_spared() -> None:
    folds = (np.arange(2000) % 5).astype(np.int8)
    learnt = learn_arrangement(made(2000, torn=False, seed=0), made(120, torn=True, seed=1), folds)
    assert learnt is not None
    assert learnt.gate.unknown(made(4000, torn=True, seed=2)).mean() > 0.5
    assert learnt.gate.unknown(made(4000, torn=False, seed=3)).mean() < 3 * FALSE_ALARMS
    assert (learnt.scores > learnt.gate.threshold).mean() <= FALSE_ALARMS


def test_few_photos_do_not_say_how_far_whole_ones_reach() -> None:
    folds = (np.arange(60) % 5).astype(np.int8)
    assert learn_arrangement(made(60, torn=False, seed=0), made(60, torn=True, seed=1), folds) is None
    none = np.empty((0, 40), np.float16)
    assert learn_arrangement(made(200, torn=False, seed=0), none, (np.arange(200) % 5).astype(np.int8)) is None


def test_a_column_that_never_varies_says_nothing() -> None:
    folds = (np.arange(300) % 5).astype(np.int8)
    whole, torn = made(300, torn=False, seed=0), made(80, torn=True, seed=1)
    whole[:, 0], torn[:, 0] = 1, 2
    learnt = learn_arrangement(whole, torn, folds)
    assert learnt is not None
    assert learnt.gate.weights[0] == 0


def test_features_that_say_nothing_give_no_rule() -> None:
    folds = (np.arange(200) % 5).astype(np.int8)
    same = np.ones((200, 8), np.float16)
    assert learn_arrangement(same, same[:50], folds) is None
    odd = same.copy()
    odd[3, 2] = np.inf
    assert learn_arrangement(odd, same[:50], folds) is None
