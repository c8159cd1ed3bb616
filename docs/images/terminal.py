"""Draw a command and what it really printed as a picture.

Command: python docs/images/terminal.py OUT.svg COMMAND …
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text


def main() -> None:
    """Run the command, record it, write the picture."""
    target, *command = sys.argv[1:]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    console = Console(record=True, width=108, file=io.StringIO())
    console.print(Text(f"$ {' '.join(command)}", style="bold green"))
    console.print(Text(done.stdout.rstrip()))
    console.print(Text(done.stderr.rstrip(), style="dim"))
    # Without the web font that rich would fetch: a picture must not call anywhere.
    picture = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="foveal"), flags=re.DOTALL)
    Path(target).write_text(picture.replace("Fira Code,", ""), encoding="utf-8")


if __name__ == "__main__":
    main()
