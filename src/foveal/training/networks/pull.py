"""Bring the weights of a network into a folder, as a .safetensors file with what is known of it beside it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from foveal.errors import FovealError
from foveal.storage import write_atomically
from foveal.training.networks import packaged, timm_specs
from foveal.training.networks.fetch import Progress, cannot_fetch, changed, fetch, fetch_json, hub
from foveal.training.networks.fitting import fit
from foveal.training.networks.sizes import counted
from foveal.training.networks.spec import Spec
from foveal.training.networks.state_files import SAFETENSORS, SUFFIXES, read_state
from foveal.training.networks.weights import HUB_FILES, kept_folder, local_file

# torchvision and timm write the beginning of a file's sha256 into its name.
_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.[a-z]+$")


@dataclass(frozen=True)
class Pulled:
    """What `pull` made.

    Args:
        spec: The network.
        file: Its weights.
        sha256: Of `file`, in hexadecimal.
        source: Where they came from.
        verified: What the source's bytes were checked against; "" for nothing.
    """

    spec: Spec
    file: Path
    sha256: str
    source: str
    verified: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-able form; it is kept beside the weights."""
        return {
            **self.spec.to_dict(),
            "file": self.file.name,
            "bytes": self.file.stat().st_size,
            "sha256": self.sha256,
            "fetched_from": self.source,
            "verified": self.verified,
        }


def pull(spec: Spec, to: Path | None = None, *, source: str = "", progress: Progress | None = None) -> Pulled:
    """Bring the weights of a network into a folder.

    What is on this machine already is copied; the rest is fetched, checked against the hash that its publisher states,
    tried in the network, and kept whole or not at all.

    Args:
        spec: The network.
        to: Folder for NAME.safetensors and NAME.json; None for `$FOVEAL_HOME/weights`, where they are found.
        source: Address or file to take them from instead.
        progress: Told about what came.

    Raises:
        FovealError: `cannot-fetch`, `weights-changed`, `weights-missing`, `weights-unreadable`, `weights-mismatch`,
            `cannot-write`.
    """
    folder = kept_folder() if to is None else to
    target = folder / f"{spec.name}{SAFETENSORS}"
    here = Path(source) if source and "://" not in source else None if source else local_file(spec)
    if here is not None:
        if not here.is_file():
            raise cannot_fetch(str(here), "no such file")
        return _kept(spec, here, target, str(here), _checked(spec, here))
    with tempfile.TemporaryDirectory(dir=_made(folder), prefix=".pull-") as place:
        address, expected = _where(spec) if not source else (source, _hash_in(source))
        arrived = Path(place) / f"weights{_suffix(address)}"
        with arrived.open("wb") as file:
            fetch(address, file, sha256=expected, progress=progress)
        verified = f"sha256 {expected}" if expected else ""
        return _kept(spec, arrived, target, address, verified)


def _kept(spec: Spec, file: Path, target: Path, source: str, verified: str) -> Pulled:
    """Check the weights in the network and keep them."""
    is_package = spec.library == "foveal" and file.suffix != SAFETENSORS
    state = packaged.read(spec, file) if is_package else read_state(file)
    fit(spec, state, where=source)
    if not (target.exists() and target.samefile(file)):
        content = file.read_bytes() if file.suffix == SAFETENSORS else save(_own_memory(state), {"format": "pt"})
        with write_atomically(target) as out:
            out.write(content)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    pulled = Pulled(counted([spec])[0], target, digest, source, verified)
    with write_atomically(target.with_suffix(".json")) as out:
        out.write(json.dumps(pulled.to_dict(), indent=1).encode())
    return pulled


def _checked(spec: Spec, file: Path) -> str:
    """Check a file of this machine against the hash in its name, and say so; packages are checked when read."""
    if spec.library == "foveal":
        return "sha256 on its card" if file.suffix != SAFETENSORS else ""
    expected = _hash_in(file.name)
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if expected else ""
    if not digest.startswith(expected):
        raise changed(str(file), expected, digest)
    return f"sha256 {expected}" if expected else ""


def _own_memory(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that share no memory, as .safetensors wants them."""
    return {name: value.clone().contiguous() for name, value in state.items()}


def _where(spec: Spec) -> tuple[str, str]:
    """Address of the weights, and what their sha256 begins with ("": nobody says)."""
    if spec.library == "timm" and spec.tag:
        given = timm_specs.configuration(spec.architecture, spec.tag)
        if given.hf_hub_id:
            return _on_hub(given.hf_hub_id, given.hf_hub_filename)
        return str(given.url), _hash_in(given.url)
    if spec.library == "torchvision":
        return spec.source, _hash_in(spec.source)
    raise FovealError(
        "weights-missing",
        f"{spec.name}: expected published weights, but {spec.library} has none to fetch",
        hint="choose a network with weights: `foveal models --search TEXT`",
    )


def _on_hub(repository: str, name: str | None) -> tuple[str, str]:
    """Address of a repository's weights, and their sha256 as the hub states it."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise cannot_fetch(f"{hub()}/{repository}", "HF_HUB_OFFLINE is set, which forbids to ask the hub")
    listed = fetch_json(f"{hub()}/api/models/{repository}/tree/main")
    files = {each["path"]: each for each in listed if isinstance(each, dict) and "path" in each}
    for wanted in (name,) if name else HUB_FILES:
        if wanted in files:
            large = files[wanted].get("lfs") or {}
            return f"{hub()}/{repository}/resolve/main/{wanted}", str(large.get("oid", "")).removeprefix("sha256:")
    raise cannot_fetch(f"{hub()}/{repository}", f"a repository without {' or '.join(HUB_FILES)}")


def _hash_in(address: str) -> str:
    found = _HASH_IN_NAME.search(address)
    return found.group(1) if found else ""


def _suffix(address: str) -> str:
    found = Path(address.partition("?")[0]).suffix.lower()
    return found if found in SUFFIXES else ".pth"


def _made(folder: Path) -> Path:
    with write_atomically(folder / ".foveal-writes") as _:
        pass
    (folder / ".foveal-writes").unlink()
    return folder
