from __future__ import annotations

from foveal.reports.splitting import told

PLAIN = {"folds": 5, "grouped_photos": 0, "groups": 100, "linked": {}}
GROUPED = {"folds": 5, "grouped_photos": 30, "groups": 100, "linked": {"duplicates": 30, "time": 0}}


def test_a_record_without_a_split_says_nothing() -> None:
    assert told({}) == ""


def test_nothing_belonged_together() -> None:
    assert told(PLAIN) == "5 folds; no photos were found that belong together"


def test_what_stayed_together_and_what_it_changed() -> None:
    assert told(GROUPED) == "5 folds; 30 photos stayed together with others (duplicates 30)"
    higher = told({**GROUPED, "accuracy": 0.9, "accuracy_ungrouped": 0.95})
    assert higher.endswith("the score would read 5.0 points higher")
    assert told({**GROUPED, "accuracy": 0.9, "accuracy_ungrouped": 0.9}).endswith("would read the same")
    lower = told({**GROUPED, "mean_average_precision": 0.9, "mean_average_precision_ungrouped": 0.89})
    assert lower.endswith("1.0 points lower, by chance")
