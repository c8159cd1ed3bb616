"""PyTorch modules as a checkpoint describes them: class, attributes, tensors and the modules inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foveal.adopting.checkpoint_data import numbers
from foveal.backbones.pickle_data import Record


@dataclass(frozen=True, eq=False)
class Module:
    """One module.

    Args:
        path: Where it is in the network, for messages.
        kind: Name of its class, without the package.
        state: Its attributes.
    """

    path: str
    kind: str
    state: Mapping[str, Any]

    @classmethod
    def of(cls, record: object, path: str) -> Module:
        """The module that a record is.

        Raises:
            ValueError: It is none.
        """
        state = record.state if isinstance(record, Record) else None
        if isinstance(state, tuple) and state:
            state = state[0]
        if not isinstance(record, Record) or not isinstance(state, dict) or "_modules" not in state:
            raise ValueError(f"{path}: no module")
        return cls(path, record.kind.rpartition(".")[2], state)

    def inside(self) -> list[Module]:
        """The modules inside, in order."""
        return [Module.of(each, f"{self.path}.{name}") for name, each in self._modules().items() if each is not None]

    def has(self, name: str) -> bool:
        """Whether there is a module of this name inside."""
        return self._modules().get(name) is not None

    def child(self, name: str) -> Module:
        """A module inside."""
        return Module.of(self._modules().get(name), f"{self.path}.{name}")

    def tensor(self, name: str) -> NDArray[np.float32]:
        """A parameter or buffer as float32."""
        for place in ("_parameters", "_buffers"):
            value = self.state.get(place, {}).get(name)
            if value is not None:
                return numbers(value)
        raise ValueError(f"{self.path}: no tensor {name}")

    def maybe_tensor(self, name: str) -> NDArray[np.float32] | None:
        """The same; None where there is none."""
        known = any(self.state.get(place, {}).get(name) is not None for place in ("_parameters", "_buffers"))
        return self.tensor(name) if known else None

    def pair(self, name: str) -> tuple[int, int]:
        """An attribute of one or two whole numbers."""
        value = self.state[name]
        first, second = (value, value) if isinstance(value, int) else value
        return int(first), int(second)

    def _modules(self) -> Mapping[str, Any]:
        found = self.state["_modules"]
        if not isinstance(found, dict):
            raise ValueError(f"{self.path}: no modules")
        return found
