"""Ctrl-C and a cluster's SIGTERM: the step is finished first, and the checkpoint written."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Inside the block the first signal only leaves word; a second one interrupts at once.

    Outside the main thread, where Python takes no signals, and for signals that somebody else handles, it does nothing.

    Args:
        sigterm: Listen to SIGTERM too; for several processes it is the launcher's word that one of them was lost.
    """

    def __init__(self, *, sigterm: bool = True) -> None:
        self.wanted = False
        self._signals = _SIGNALS if sigterm else _SIGNALS[:1]
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in self._signals:
                if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
                    self._before[number] = signal.signal(number, self._leave_word)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _leave_word(self, number: int, frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
