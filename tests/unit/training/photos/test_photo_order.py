from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foveal.data.places import SpanPhoto
from foveal.errors import FovealError
from foveal.training.photos import order
from foveal.training.photos.order import Share, balanced, sampler, shards, shuffle, turns

COUNTS = {"photos": st.integers(1, 60), "batch": st.integers(1, 9), "ranks": st.integers(1, 4)}


def _all_ranks(draw: order.Sampler, photos: int, batch: int, ranks: int, *, epoch: int = 0) -> list[list[int]]:
    shares = [Share(photos, batch, rank, ranks) for rank in range(ranks)]
    assert len({share.steps for share in shares}) == 1
    return [share.steps_of(draw(share, 7, epoch)).tolist() for share in shares]


@given(**COUNTS)
def test_shuffle_shows_no_photo_twice_and_leaves_out_less_than_a_step(photos: int, batch: int, ranks: int) -> None:
    rows = _all_ranks(shuffle(), photos, batch, ranks)
    everything = [row for each in rows for row in each]
    if photos >= ranks:
        assert len(set(everything)) == len(everything)
        assert photos - len(everything) < batch * ranks
    assert set(everything) <= set(range(photos))
    if photos >= batch * ranks:
        assert {len(each) for each in rows} == {photos // (batch * ranks) * batch}
    else:
        assert all(1 <= len(each) <= batch for each in rows)


@given(**COUNTS)
def test_ranks_together_take_the_steps_of_one_process(photos: int, batch: int, ranks: int) -> None:
    together = Share(photos, batch * ranks)
    one = together.steps_of(shuffle()(together, 7, 0)).tolist()
    rows = _all_ranks(shuffle(), photos, batch, ranks)
    for step in range(together.steps if photos >= ranks else 0):
        whole = one[step * batch * ranks : (step + 1) * batch * ranks]
        for rank, each in enumerate(rows):
            assert each[step * batch : (step + 1) * batch] == whole[rank::ranks]


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    share = Share(100, 10)
    orders = [tuple(shuffle()(share, seed, epoch).tolist()) for seed in range(2) for epoch in range(3)]
    assert len(set(orders)) == 6
    assert orders[0] == tuple(shuffle()(share, 0, 0).tolist())


@given(
    labels=st.lists(st.integers(-1, 4), min_size=1, max_size=60).filter(lambda each: max(each) >= 0),
    epoch=st.integers(0, 5),
)
def test_balanced_shows_every_class_as_often_and_its_photos_in_rounds(labels: list[int], epoch: int) -> None:
    known = np.array(labels)
    rows = balanced(known)(Share(len(labels), 1), 3, epoch)
    assert len(rows) == len(labels)
    assert -1 not in known[rows]
    counts = Counter(known[rows].tolist())
    sizes = [counts.get(label, 0) for label in sorted(set(labels) - {-1})]
    assert max(sizes) - min(sizes) <= 1
    for label in set(labels) - {-1}:
        shown = Counter(dict.fromkeys(np.flatnonzero(known == label).tolist(), 0))
        shown.update(rows[known[rows] == label].tolist())
        assert max(shown.values()) - min(shown.values()) <= 1


def _spans(archives: int, each: int) -> list[SpanPhoto]:
    return [
        SpanPhoto(Path(f"shard-{archive}.tar"), f"{number}.jpg", 1000 * number, 900)
        for number in range(each)
        for archive in range(archives)
    ]


@settings(max_examples=30, deadline=None)
@given(archives=st.integers(1, 5), each=st.integers(1, 90), batch=st.integers(1, 9), ranks=st.integers(1, 4))
def test_shards_show_no_photo_twice_and_ranks_share_none(archives: int, each: int, batch: int, ranks: int) -> None:
    photos = _spans(archives, each)
    rows = _all_ranks(shards(photos), len(photos), batch, ranks)
    everything = [row for rank in rows for row in rank]
    if len(photos) >= ranks:
        assert len(set(everything)) == len(everything)
    if len(photos) >= batch * ranks:
        assert {len(rank) for rank in rows} == {len(photos) // (batch * ranks) * batch}


def test_shards_are_read_in_chunks_within_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order, "WINDOW", 4 * order.CHUNK)
    photos = _spans(8, 4 * order.CHUNK)
    rows = shards(photos)(Share(len(photos), 16), 1, 0)
    for start in range(0, len(rows), 4 * order.CHUNK):
        window = sorted((photos[row].archive, photos[row].start) for row in rows[start : start + 4 * order.CHUNK])
        breaks = sum(before[0] != after[0] or after[1] - before[1] != 1000 for before, after in pairwise(window))
        assert breaks <= 3  # four chunks, each in one piece
    archives = {photos[row].archive for row in rows[: 4 * order.CHUNK]}
    assert len(archives) > 1


def test_ranks_read_chunks_of_their_own() -> None:
    photos = _spans(4, 10 * order.CHUNK)
    chunks = []
    for rank in range(2):
        share = Share(len(photos), 16, rank, 2)
        rows = share.steps_of(shards(photos)(share, 1, 0))
        chunks.append({(photos[row].archive, photos[row].start // (1000 * order.CHUNK)) for row in rows})
    assert len(chunks[0] & chunks[1]) <= 1


def test_files_in_folders_are_chunked_by_folder() -> None:
    photos = [Path(f"{name}/{number}.jpg") for number in range(5) for name in "ab"]
    rows = shards(photos)(Share(10, 5), 0, 0)
    assert sorted(rows.tolist()) == list(range(10))


@given(st.lists(st.integers(0, 5), max_size=30))
def test_turns_count_earlier_comings(rows: list[int]) -> None:
    expected = [rows[:at].count(row) for at, row in enumerate(rows)]
    assert turns(np.array(rows, np.int64)).tolist() == expected


def test_an_unknown_sampling_is_refused() -> None:
    with pytest.raises(FovealError, match="balancd") as caught:
        sampler("balancd", [], np.zeros(0, np.int64))
    assert caught.value.code == "unknown-name"
    assert "balanced" in caught.value.hint
