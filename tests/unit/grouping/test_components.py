from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from foveal.grouping.components import components

LINKS = st.integers(1, 30).flatmap(
    lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40))
)


def by_walking(count: int, links: list[tuple[int, int]]) -> list[int]:
    group = list(range(count))
    changed = True
    while changed:
        changed = False
        for one, other in links:
            lowest = min(group[one], group[other])
            changed |= (group[one], group[other]) != (lowest, lowest)
            group[one] = group[other] = lowest
    return group


@given(LINKS)
def test_groups_are_what_walking_the_links_gives(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, links = case
    first, second = np.array(links, np.int64).reshape(-1, 2).T
    assert components(first, second, count).tolist() == by_walking(count, links)


def test_a_long_chain_in_random_order() -> None:
    order = np.random.default_rng(0).permutation(100_000)
    assert (components(order[:-1], order[1:], 100_000) == 0).all()
