import numpy as np
from made_evidence import clouds, evidence

from foveal.checks.wrong_labels import check
from foveal.probes.label_noise import LabelNoise


def with_swapped(swapped):
    true = np.arange(200) % 2
    embeddings = clouds(true.astype(np.int32), dimensions=16, apart=3)
    given = true.copy()
    given[swapped] = 1 - given[swapped]
    near = np.where(true[:, None] == np.arange(2), 0.95, 0.05)
    return evidence(given, class_names=["cat", "dog"], embeddings=embeddings, probs=near)


def test_swapped_labels_are_listed_with_the_right_one():
    (finding,) = check(with_swapped([3, 50, 121]))
    assert finding.code == "wrong-labels"
    assert set(finding.rows[:3].tolist()) == {3, 50, 121}
    assert finding.suggested[:3].tolist() == [1 - (row + 1) % 2 for row in finding.rows[:3].tolist()]
    assert (np.diff(finding.scores) <= 0).all()
    assert finding.notes[0] in {"labelled cat, looks like dog", "labelled dog, looks like cat"}
    assert sum(each["photos"] for each in finding.values["commonest"]) == finding.values["labels"] == len(finding.rows)


def test_more_wrong_labels_weigh_more(monkeypatch):
    made = evidence(np.arange(200) % 2)

    def score(count):
        wrong = np.arange(200) < count
        other = np.where(wrong, 1 - made.labels, made.labels)
        noise = LabelNoise(wrong.astype(np.float32), other, wrong, count / 200)
        monkeypatch.setattr("foveal.checks.wrong_labels.label_noise", lambda problem, logits: noise)
        return next(check(made)).score

    assert 0.4 < score(2) < score(10) < score(40) <= 0.9


def test_labels_that_fit_are_not_mentioned():
    assert list(check(with_swapped([]))) == []


def test_nothing_is_said_without_predictions():
    assert list(check(evidence([0, 0, 0]))) == []


def test_suggested_classes_are_those_of_the_dataset_where_some_are_too_small():
    true = np.arange(100) % 2 + 1
    labels = np.concatenate([[0], true])
    labels[5] = 3 - labels[5]
    near = np.where(true[:, None] - 1 == np.arange(2), 0.95, 0.05)
    (finding,) = check(
        evidence(
            labels,
            class_names=["lone", "cat", "dog"],
            embeddings=clouds(np.concatenate([[0], true]).astype(np.int32), dimensions=16),
            probs=near,
        )
    )
    assert finding.rows[0] == 5
    assert finding.suggested[0] == true[4]


def test_labels_of_a_few_photos_beside_many_are_not_judged(monkeypatch):
    labels = np.repeat([0, 1, 2], [60, 60, 4]).astype(np.int32)
    wrong = (labels == 2) | (np.arange(124) == 7)
    noise = LabelNoise(wrong.astype(np.float32), (1 - labels) % 3, wrong, 5 / 124)
    monkeypatch.setattr("foveal.checks.wrong_labels.label_noise", lambda problem, logits: noise)
    (finding,) = check(evidence(labels))
    assert finding.rows.tolist() == [7]
    assert finding.values["rate"] == np.float32(1 / 120)


def test_labels_are_judged_where_all_classes_are_small(monkeypatch):
    wrong = np.arange(10) == 3
    noise = LabelNoise(wrong.astype(np.float32), 1 - np.arange(10) % 2, wrong, 0.1)
    monkeypatch.setattr("foveal.checks.wrong_labels.label_noise", lambda problem, logits: noise)
    (finding,) = check(evidence(np.arange(10) % 2))
    assert finding.rows.tolist() == [3]
