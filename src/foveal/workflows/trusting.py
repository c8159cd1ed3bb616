"""What a fit learns besides probabilities: prediction sets, thresholds of abstention, the gate, the tree of classes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.assurance.arrangement import learn_arrangement
from foveal.assurance.conformal import learn_sets
from foveal.assurance.evidence import learn_evidence
from foveal.assurance.gate import learn_gate
from foveal.assurance.selective import learn_abstention
from foveal.data.dataset import Dataset
from foveal.data.photo import as_photo
from foveal.errors import FovealError
from foveal.evaluation.hierarchy import hierarchy_figures
from foveal.evaluation.trust_figures import trust_figures_out_of_fold
from foveal.imaging.thumbnail import LONG_SIDE, thumbnail
from foveal.runtimes.engine import threads
from foveal.trust.evidence import EvidenceIndex
from foveal.trust.tree import ClassTree
from foveal.trust.trust import Trust


@dataclass(frozen=True)
class LearntTrust:
    """What was learnt, and whom it turns away out of fold.

    Args:
        trust: For the model.
        unknown: bool [n], the photos that the gate turns away, by statistics that had not seen them; None without one.
        record: What was learnt, for the model's record, JSON-able.
    """

    trust: Trust
    unknown: NDArray[np.bool_] | None
    record: dict[str, Any]


def learn_trust(
    features: NDArray[np.float16],
    labels: NDArray[np.int32],
    logits: NDArray[np.float32],
    probs: NDArray[np.float32],
    folds: NDArray[np.int8],
    class_names: tuple[str, ...],
    torn: NDArray[np.float16],
) -> LearntTrust:
    """Learn how far answers can be trusted, from what was said of each photo out of fold.

    Args:
        features: float16 [n, D], what the head gets.
        labels: int32 [n].
        logits: float32 [n, C], out of fold.
        probs: float32 [n, C], out of fold and calibrated.
        folds: int8 [n].
        class_names: C names; "/" stands between the levels of a hierarchy.
        torn: float16 [t, D], some of the photos cut into tiles and shuffled.
    """
    arranged = learn_arrangement(features, torn, folds)
    found = learn_gate(features, labels, logits, folds)
    trust = Trust(
        sets=learn_sets(probs, labels, folds),
        abstention=learn_abstention(probs, labels, folds),
        gate=found.gate,
        arrangement=None if arranged is None else arranged.gate,
        tree=tree_of(class_names),
    )
    unknown = np.zeros(len(labels), np.bool_)
    if found.gate is not None:
        unknown |= found.scores > found.gate.threshold
    if arranged is not None:
        unknown |= arranged.scores > arranged.gate.threshold
    record = {"gate": {"learnt": found.gate is not None, "reason": found.reason}}
    return LearntTrust(trust, unknown if trust.gated else None, record)


def kept_evidence(
    features: NDArray[np.float16], labels: NDArray[np.int32], dataset: Dataset, rows: NDArray[np.intp], *, classes: int
) -> EvidenceIndex:
    """Small pictures of some photos learnt from, to be shown beside answers; the user must have allowed it.

    Args:
        features: float16 [n, D], what the head gets.
        labels: int32 [n].
        dataset: Where the photos are.
        rows: int [n], the photos learnt from, as indices into it.
        classes: Number of classes.
    """

    def picture(row: int) -> bytes:
        photo = as_photo(dataset.photo(int(rows[row])))
        try:
            return thumbnail(photo.decode(photo.read(), min_side=LONG_SIDE))
        except FovealError:
            return b""  # it could be read when its features were made; that it is gone now is no reason to stop

    def pictures(wanted: NDArray[np.intp]) -> list[bytes]:
        with ThreadPoolExecutor(threads()) as pool:
            return list(pool.map(picture, wanted.tolist()))

    names = [dataset.paths[row] for row in rows.tolist()]
    return learn_evidence(features, labels, names, pictures, classes=classes)


def trust_sections(
    learnt: LearntTrust,
    labels: NDArray[np.int32],
    probs: NDArray[np.float32],
    folds: NDArray[np.int8],
    class_names: tuple[str, ...],
) -> dict[str, Any]:
    """The sections `trust` and `hierarchy` of an `Evaluation` of the photos learnt from, out of fold."""
    trust = learnt.trust
    figures = trust_figures_out_of_fold(
        labels, probs, folds, class_names, sets=trust.sets, abstention=trust.abstention, unknown=learnt.unknown
    )
    tree = trust.tree
    return {
        "trust": dict(figures),
        "hierarchy": None if tree is None else dict(hierarchy_figures(labels, probs, tree)),
    }


def tree_of(class_names: tuple[str, ...]) -> ClassTree | None:
    """The hierarchy that the names of classes carry ("animal/pet/cat"); None where none does.

    Groups are called as classes are, by all their levels: "left/top" and "right/top" are two things.
    """
    paths = [name.split("/") for name in class_names]
    if all(len(path) == 1 for path in paths):
        return None
    tree = ClassTree.of_paths(paths)
    names: list[str] = []
    for own, parent in zip(tree.names, tree.parents.tolist(), strict=True):
        names.append(own if parent < 0 else f"{names[parent]}/{own}")
    return replace(tree, names=tuple(names))
