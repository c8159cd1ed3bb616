import pytest

from foveal.checks.wording import counted, percent


@pytest.mark.parametrize(
    ("count", "plural", "text"),
    [(0, None, "0 photos"), (1, None, "1 photo"), (1204, None, "1,204 photos"), (2, "photographs", "2 photographs")],
)
def test_counts_come_with_their_noun(count, plural, text):
    assert counted(count, "photo", plural) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.004, "0.4 %"), (0.124, "12 %"), (0.9, "90 %"), (0.9023, "90.2 %"), (0.995, "99.5 %"), (1, "100 %")],
)
def test_shares_have_the_digits_that_matter(share, text):
    assert percent(share) == text
