"""Photos to features inside scikit-learn: a transformer for pipelines, grid searches and cross-validation.

    make_pipeline(ImageFeatures(), StandardScaler(), LogisticRegression()).fit(paths, labels)

The network is frozen, so nothing leaks between folds; and features are cached, so that every fold after the first costs
nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from foveal.classifier.photos import is_image
from foveal.data.photo import AnyPhoto
from foveal.errors import FovealError
from foveal.features.extract import extract
from foveal.features.settings import Settings, open_cache
from foveal.features.view import View
from foveal.runtimes.engine import EnginePool
from foveal.workflows.views import cards_for, effort_named, usable_here, views_for


class ImageFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn photos into the features of a pretrained network.

    Args:
        backbone: "auto", or names of backbones with commas between; several stand side by side.
        taps: Add the pooled outputs of earlier stages, which a linear model profits from.
        runtime: "auto", or a name in `foveal.runtimes.RUNTIMES`.
        precision: "auto", "f32", "bf16" or "int8".
        cache: Whether features are kept for the next time.

    Attributes:
        views_: The networks, with the runtime and precision chosen when it was fitted.
        n_features_out_: Columns of what `transform` gives.

    Photos (`X`) are a sequence, array or column of n paths, n images uint8 [H, W, 3] in RGB, or an array uint8
    [n, H, W, 3].
    """

    def __init__(
        self,
        backbone: str = "auto",
        taps: bool = False,
        runtime: str = "auto",
        precision: str = "auto",
        cache: bool = True,
    ) -> None:
        self.backbone = backbone
        self.taps = taps
        self.runtime = runtime
        self.precision = precision
        self.cache = cache

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Choose network, runtime and precision; nothing is learnt from the photos.

        Args:
            X: Photos.
            y: Ignored.

        Raises:
            FovealError: `bad-image`, `no-photos`, `unknown-name`; those of the backbone.
        """
        photos = _photos(X)
        effort = effort_named("default" if self.taps else "low")
        cards = cards_for(self.backbone, effort)
        self.views_ = tuple(views_for(cards, effort, photos, self._settings()))
        self.n_features_out_ = sum(view.columns for view in self.views_)
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:  # noqa: N803 - scikit-learn's name
        """Features of photos.

        Args:
            X: Photos.

        Returns:
            float32 [n, D], a row a photo.

        Raises:
            FovealError: `image-unreadable` for the first photo that cannot be read: rows cannot be left out here.
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        photos = _photos(X)
        # A fitted estimator may have been pickled on a machine that had bf16.
        views = tuple(usable_here(view, Settings()) for view in self.views_)
        with (
            open_cache(Settings(cache=self.cache)) as cache,
            extract(photos, views, cache, engines=_engines()) as found,
        ):
            for index, reason in found.failures.items():
                raise FovealError(
                    "image-unreadable",
                    f"{_name(photos[index], index)}: {reason}",
                    hint="remove it from X: a transformer gives one row for every photo",
                )
            return found.gather(np.arange(len(photos)), views).astype(np.float32)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns, "backbone/output/number", object [D]; `input_features` is ignored."""
        check_is_fitted(self)
        views: tuple[View, ...] = self.views_
        names = [
            f"{view.backbone}/{output}/{number}"
            for view in views
            for output, columns in view.layout
            for number in range(columns)
        ]
        return np.array(names, dtype=object)

    def _settings(self) -> Settings:
        return Settings(runtime=self.runtime, precision=self.precision, cache=self.cache)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = False
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        tags.requires_fit = True
        tags.no_validation = True
        return tags


@functools.cache
def _engines() -> EnginePool:
    """Networks loaded in this process: not in the estimator, which must be cloned and pickled."""
    return EnginePool()


def _photos(given: Any) -> list[AnyPhoto]:
    """Files and images in order. A photo may come twice here, and no folder is searched: every entry is a row."""
    if hasattr(given, "to_numpy"):
        given = given.to_numpy()
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 1 and given.dtype != np.uint8:
        given = given[:, 0]  # one column of paths, as a ColumnTransformer passes it on
    if isinstance(given, str | Path | bytes) or not isinstance(given, Iterable):
        raise _bad_image(f"one {type(given).__name__}")
    photos = [_photo(each, index) for index, each in enumerate(given)]
    if not photos:
        raise FovealError("no-photos", "X: expected photos, got none", hint="pass a list of paths or of images")
    return photos


def _photo(given: Any, index: int) -> AnyPhoto:
    if isinstance(given, str | Path):
        return Path(given)
    if not isinstance(given, np.ndarray):
        raise _bad_image(f"{type(given).__name__} at {index}")
    if not is_image(given):
        raise _bad_image(f"{given.dtype} {list(given.shape)} at {index}")
    return np.ascontiguousarray(given)


def _bad_image(got: str) -> FovealError:
    return FovealError(
        "bad-image",
        f"X: expected a sequence of paths or of images uint8 [H, W, 3] in RGB, got {got}",
        hint="for one photo pass a list of one; for values in 0..1 multiply by 255",
    )


def _name(photo: AnyPhoto, index: int) -> str:
    return str(photo) if isinstance(photo, Path) else f"image {index}"
