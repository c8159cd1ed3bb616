"""Labels that are more likely wrong than right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from foveal.checks.evidence import Evidence
from foveal.checks.wording import percent
from foveal.probes.label_noise import label_noise
from foveal.types.data_finding import DataFinding
from foveal.types.text import counted

_COMMONEST = 5
# Of clothes in 5 classes of 100 photos and 5 of a few, all right, 97 % of the labels of classes of 2 photos seemed
# wrong, 83 % of 3, 43 % of 4, 19 % of 5 and 6 % of 8: classes so small beside others are not learnt.
_FEW = 10
_BESIDE = 3


def check(evidence: Evidence) -> Iterator[DataFinding]:
    """The photos whose label is more likely wrong than right, surest first, with the label each seems to have.

    Labels of classes of few photos beside classes of many are not judged.
    """
    judged = evidence.judged
    if judged is None:
        return
    noise = label_noise(judged.problem, judged.logits)
    sizes = np.bincount(judged.labels, minlength=len(judged.class_names))
    known = ~((sizes < _FEW) & (sizes * _BESIDE < sizes.max()))[judged.labels]
    order = np.flatnonzero(noise.wrong & known)
    order = order[np.argsort(-noise.score[order], kind="stable")]
    if not len(order):
        return
    numbers = {name: number for number, name in enumerate(evidence.dataset.class_names)}
    whole = np.array([numbers[name] for name in judged.class_names], np.int32)
    names = judged.class_names
    given, better = judged.labels[order].tolist(), noise.suggested[order].tolist()
    swaps = Counter(zip(given, better, strict=True)).most_common(_COMMONEST)
    m, rate = len(order), float(noise.score[known].mean())
    yield DataFinding(
        code="wrong-labels",
        title=f"{counted(m, 'label')} seem{'s' if m == 1 else ''} wrong; about {percent(rate)} of all are",
        score=float(min(0.9, 0.4 + 5 * max(rate, m / len(judged.labels)))),
        why="A wrong label teaches the wrong thing, and counts right answers as mistakes when the result is measured.",
        advice="Look at each photo, surest first: move it to the class suggested, or leave it where it is right.",
        rows=evidence.rows[judged.at[order]],
        scores=noise.score[order],
        suggested=whole[noise.suggested[order]],
        notes=tuple(f"labelled {names[a]}, looks like {names[b]}" for a, b in zip(given, better, strict=True)),
        values={
            "labels": m,
            "rate": rate,
            "commonest": [{"label": names[a], "suggested": names[b], "photos": count} for (a, b), count in swaps],
        },
    )
