"""An evaluation as text for the terminal: the figures, then every section that was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foveal.types.multilabel_evaluation import Figures


def shown(figures: Figures) -> str:
    """The summary, and a few lines for each section beside it.

    Args:
        figures: What was measured.
    """
    from foveal.evaluation.robustness_text import robustness_summary
    from foveal.evaluation.speed import speed_summary
    from foveal.types.evaluation import Evaluation
    from foveal.types.hierarchy_figures import hierarchy_summary
    from foveal.types.slice_figures import slice_summary
    from foveal.types.trust_figures import trust_summary

    if not isinstance(figures, Evaluation):
        return figures.summary()
    parts: list[tuple[Any, Callable[[Any], str]]] = [
        (figures.trust, trust_summary),
        (figures.hierarchy, hierarchy_summary),
        (figures.slices, slice_summary),
        (figures.robustness, robustness_summary),
        (figures.speed, speed_summary),
    ]
    return "\n\n".join([figures.summary(), *(render(values) for values, render in parts if values is not None)])
