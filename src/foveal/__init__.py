"""foveal turns a folder of photos into an image recogniser and says how far it can be trusted.

    model = foveal.fit("photos/")
    print(model.evaluation)
    model.save("clothes.foveal")
    print(foveal.load("clothes.foveal").predict("new.jpg"))

Importing foveal imports nothing heavy; each name below is fetched on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foveal.classifier.classifier import Classifier as Classifier
    from foveal.data.dataset import Dataset as Dataset
    from foveal.data.options import ReadOptions as ReadOptions
    from foveal.data.read import read as read
    from foveal.data.report import DataReport as DataReport
    from foveal.data.split_file import Split as Split
    from foveal.errors import FovealError as FovealError
    from foveal.explainers.explanations import Explanations as Explanations
    from foveal.explainers.heatmaps import Heatmaps as Heatmaps
    from foveal.features.settings import Settings as Settings
    from foveal.types.classifications import Classifications as Classifications
    from foveal.types.comparison import Comparison as Comparison
    from foveal.types.embeddings import Embeddings as Embeddings
    from foveal.types.evaluation import Evaluation as Evaluation
    from foveal.types.multilabel_evaluation import MultiLabelEvaluation as MultiLabelEvaluation
    from foveal.types.network_description import NetworkDescription as NetworkDescription
    from foveal.workflows.adopt import adopt as adopt
    from foveal.workflows.check import check as check
    from foveal.workflows.compare import compare as compare
    from foveal.workflows.convert import convert as convert
    from foveal.workflows.describe import describe as describe
    from foveal.workflows.embed import embed as embed
    from foveal.workflows.evaluate import evaluate as evaluate
    from foveal.workflows.explain import explain as explain
    from foveal.workflows.fit import fit as fit
    from foveal.workflows.models import pull as pull
    from foveal.workflows.models import search_models as search_models
    from foveal.workflows.predict import load as load
    from foveal.workflows.predict import predict as predict
    from foveal.workflows.reasons import evidence as evidence
    from foveal.workflows.reasons import smallest_patch as smallest_patch
    from foveal.workflows.split import split as split
    from foveal.workflows.train import train as train

_PUBLIC = {
    "Classifications": "foveal.types.classifications",
    "Classifier": "foveal.classifier.classifier",
    "Comparison": "foveal.types.comparison",
    "DataReport": "foveal.data.report",
    "Dataset": "foveal.data.dataset",
    "Embeddings": "foveal.types.embeddings",
    "Evaluation": "foveal.types.evaluation",
    "Explanations": "foveal.explainers.explanations",
    "FovealError": "foveal.errors",
    "Heatmaps": "foveal.explainers.heatmaps",
    "MultiLabelEvaluation": "foveal.types.multilabel_evaluation",
    "NetworkDescription": "foveal.types.network_description",
    "ReadOptions": "foveal.data.options",
    "Settings": "foveal.features.settings",
    "Split": "foveal.data.split_file",
    "adopt": "foveal.workflows.adopt",
    "check": "foveal.workflows.check",
    "compare": "foveal.workflows.compare",
    "convert": "foveal.workflows.convert",
    "describe": "foveal.workflows.describe",
    "embed": "foveal.workflows.embed",
    "evaluate": "foveal.workflows.evaluate",
    "evidence": "foveal.workflows.reasons",
    "explain": "foveal.workflows.explain",
    "fit": "foveal.workflows.fit",
    "load": "foveal.workflows.predict",
    "predict": "foveal.workflows.predict",
    "pull": "foveal.workflows.models",
    "read": "foveal.data.read",
    "search_models": "foveal.workflows.models",
    "smallest_patch": "foveal.workflows.reasons",
    "split": "foveal.workflows.split",
    "train": "foveal.workflows.train",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("foveal")
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'foveal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
