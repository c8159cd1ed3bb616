"""A machine whose every connection fails a test that makes one."""

from __future__ import annotations

import socket


def forbid(monkeypatch):
    """Make any use of a network an error that no `except OSError` takes."""

    def refuse(*given, **named):
        raise AssertionError(f"a connection was made: {given} {named}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
