"""A server on this machine that answers what a test tells it."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, content, announced = self.server.answers.get(self.path, (404, b"", None))
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        self.send_response(status)
        if status in {301, 302}:
            self.send_header("Location", content.decode())
            content = b""
        self.send_header("Content-Length", str(len(content) if announced is None else announced))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *given):
        """Keep quiet."""


@contextlib.contextmanager
def serving(answers):
    """Serve {path: (status, content, announced length or None)}; gives the address and the list of what was asked."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.answers, server.asked = answers, []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", server.asked
        finally:
            server.shutdown()
            thread.join()
