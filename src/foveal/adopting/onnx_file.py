"""Read an ONNX classifier: what it takes, which output holds the classes, and what its exporter wrote beside it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foveal.adopting.foreign import Foreign, Guess, Wishes, unreadable
from foveal.errors import FovealError
from foveal.types.text import listing

_SIDES = 4
# Names of classes are a few bytes each; beyond this a literal is no list of names.
_MOST_NAMES_BYTES = 4_000_000
_EXPORT_AGAIN = "export it again with its weights inside the one file, and check it with `python -m onnx.checker`"


def read_onnx(path: Path, wishes: Wishes) -> Foreign:
    """Read an ONNX file.

    Args:
        path: The file; weights kept beside it, as exporters do with large networks, are read too.
        wishes: What the user says of it.

    Raises:
        FovealError: `network-unreadable`; `not-a-classifier`: not one image in, class scores out; `size-unknown`.
    """
    import onnx

    try:
        model = onnx.load(str(path))
        content = model.SerializeToString()
    except Exception as error:  # onnx raises its own, protobuf's and OSError
        reason = (str(error).strip() or repr(error)).splitlines()[0][:200]
        raise FovealError(
            "network-unreadable", f"{path}: expected an ONNX network, got: {reason}", hint=_EXPORT_AGAIN
        ) from error
    layout, size_wh, of_bytes = _image_input(path, model)
    facts = {each.key: each.value for each in model.metadata_props}
    guess = _guess(path, facts, size_wh, of_bytes=of_bytes)
    preprocess, bgr, notes = wishes.preprocess(guess)
    ultralytics = _is_ultralytics(facts)
    return Foreign(
        where=str(path),
        library="Ultralytics" if ultralytics else "ONNX",
        architecture=path.stem,
        content=content,
        output=_output(path, model, wishes.output),
        layout=layout,
        bgr=bgr,
        preprocess=preprocess,
        class_names=_class_names(path, facts) if ultralytics else (),
        licence=spdx_of(facts.get("license", "")),
        notes=notes,
        facts={"producer": f"{model.producer_name} {model.producer_version}".strip(), **_kept(facts)},
    )


def _is_ultralytics(facts: Mapping[str, str]) -> bool:
    return "names" in facts and "task" in facts


def spdx_of(licence: str) -> str:
    """The identifier that a note on the licence begins with: "AGPL-3.0 License (https://…)" is "AGPL-3.0"."""
    return licence.split(" ", maxsplit=1)[0]


def _guess(path: Path, facts: Mapping[str, str], size_wh: tuple[int, int] | None, *, of_bytes: bool) -> Guess:
    """What is known of its photos: from the exporter's notes, or what networks exported from PyTorch are fed with."""
    where = str(path)
    if not _is_ultralytics(facts):
        why = "nothing in the file says how pixels are normalised: ImageNet's mean and deviation are assumed"
        return Guess(
            where=where,
            size_wh=size_wh,
            fixed=size_wh is not None,
            normalise="none" if of_bytes else "imagenet",
            mode="crop",
            crop_share=0.875,
            why="" if of_bytes else why,
        )
    if facts["task"] != "classify":
        raise FovealError(
            "not-a-classifier",
            f"{path}: expected a classifier, got a network for the task {facts['task']!r}",
            hint="export a model whose name ends in -cls",
        )
    noted = _literal(path, facts.get("imgsz", "None"))
    known = isinstance(noted, list | tuple) and len(noted) == 2 and all(type(each) is int for each in noted)
    return Guess(
        where=where,
        size_wh=size_wh or ((noted[1], noted[0]) if known else None),
        fixed=size_wh is not None,
        normalise="unit",
        mode="crop",
    )


def _class_names(path: Path, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Names in the order of their numbers, from the text of a dict {0: name, …} or of a list."""
    given = _literal(path, facts["names"])
    if isinstance(given, dict) and sorted(given, key=str) == sorted(range(len(given)), key=str):
        given = [given[number] for number in range(len(given))]
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise unreadable(
            path, "class names in the exporter's notes", facts["names"][:80], hint="name them yourself: --classes"
        )
    return tuple(given)


def _literal(path: Path, text: str) -> Any:
    """The Python literal that a note holds; literals only, nothing is evaluated."""
    try:
        if len(text) > _MOST_NAMES_BYTES:
            raise ValueError(f"a note of {len(text):,} characters")
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise unreadable(path, "notes that its exporter wrote", error, hint=_EXPORT_AGAIN) from error


def _kept(facts: Mapping[str, str]) -> dict[str, str]:
    """The notes worth remembering; names are kept elsewhere."""
    return {key: value[:300] for key, value in facts.items() if key != "names" and len(key) <= 100}


def _image_input(path: Path, model: Any) -> tuple[str, tuple[int, int] | None, bool]:
    """Layout and size (width, height) of the one input, None for any size; and whether it takes bytes."""
    from onnx import TensorProto

    weights = {each.name for each in model.graph.initializer}
    inputs = [each for each in model.graph.input if each.name not in weights]
    if len(inputs) != 1:
        got = f"{len(inputs)} inputs: {listing([each.name for each in inputs])}" if inputs else "no input"
        raise _no_classifier(path, "a network with one input, a photo", got)
    given = inputs[0].type.tensor_type
    sides = [axis.dim_value for axis in given.shape.dim]
    kinds = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8)
    layout = "NHWC" if len(sides) == _SIDES and sides[3] == 3 and sides[1] != 3 else "NCHW"
    colours, height, width = (sides[3], sides[1], sides[2]) if layout == "NHWC" else (*sides[1:4], 0, 0, 0)[:3]
    if len(sides) != _SIDES or given.elem_type not in kinds or colours not in (0, 3) or sides[0] not in (0, 1):
        kind = TensorProto.DataType.Name(given.elem_type).lower()
        wanted = "an input of float or uint8 [N, 3, H, W] or [N, H, W, 3], N any or 1"
        raise _no_classifier(path, wanted, f"{kind} {sides}, where 0 is any size")
    return layout, (width, height) if width and height else None, given.elem_type == TensorProto.UINT8


def _output(path: Path, model: Any, wanted: str) -> str:
    """The output with the class scores."""
    names = [str(each.name) for each in model.graph.output]
    if wanted and wanted not in names:
        raise FovealError(
            "bad-option",
            f"--output: expected one of {listing(names)}, got {wanted!r}",
            hint="choose the one with the class scores",
        )
    if len(names) == 1 or wanted:
        return wanted or names[0]
    flat = [
        str(each.name)
        for each in model.graph.output
        if each.type.tensor_type.HasField("shape") and len(each.type.tensor_type.shape.dim) == 2
    ]
    usual = [name for name in flat if name in ("logits", "probs", "probabilities", "output", "output0")]
    if len(flat) == 1 or len(usual) == 1:
        return (flat if len(flat) == 1 else usual)[0]
    raise _no_classifier(path, "one output, the class scores", f"{len(names)}: {listing(names)}", "say it: --output")


def _no_classifier(path: Path, expected: str, got: str, hint: str = "export the classifier alone") -> FovealError:
    return FovealError("not-a-classifier", f"{path}: expected {expected}, got {got}", hint=hint)
