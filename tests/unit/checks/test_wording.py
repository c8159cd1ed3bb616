import pytest

from foveal.checks.wording import percent


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.004, "0.4 %"), (0.124, "12 %"), (0.9, "90 %"), (0.9023, "90.2 %"), (0.995, "99.5 %"), (1, "100 %")],
)
def test_shares_have_the_digits_that_matter(share, text):
    assert percent(share) == text
