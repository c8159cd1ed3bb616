"""Photos in any form that can be read, written in another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foveal.classifier.classifier import none_readable
from foveal.data.dataset import Dataset
from foveal.data.options import ReadOptions
from foveal.data.read import read
from foveal.data.writers import writer
from foveal.data.writers.new_folder import check_new_folder, new_folder
from foveal.features.settings import Progress, no_progress
from foveal.types.finding import Finding


@dataclass(frozen=True)
class Converted:
    """What was written.

    Args:
        folder: Where.
        to: Name of the form.
        photos: How many photos.
        left_out: Name of each photo that could not be read, with the reason.
        findings: What was noticed while reading, and what the form could not say as it was.
    """

    folder: Path
    to: str
    photos: int
    left_out: tuple[tuple[str, str], ...] = ()
    findings: tuple[Finding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values with the keys `folder`, `to`, `photos`, `left_out` and `findings`."""
        return {
            "folder": str(self.folder),
            "to": self.to,
            "photos": self.photos,
            "left_out": [{"path": path, "error": why} for path, why in self.left_out],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def convert(
    photos: Dataset | str | Path,
    *,
    to: str,
    out: str | Path,
    source: str = "auto",
    options: ReadOptions | None = None,
    progress: Progress = no_progress,
) -> Converted:
    """Write photos and their labels in another form; the originals stay as they are.

    Photos that are files become hard links where the form holds files and the disk allows it. Photos that are no files,
    as boxes and plain numbers are, become PNG files.

    Args:
        photos: A dataset, or anything that `read` takes.
        to: Name of a form in `foveal.data.writers.WRITERS`: folder, csv, parquet or webdataset.
        out: Folder to write; absent or empty. It appears when it is complete.
        source: Form of the photos; "auto" tells by itself.
        options: What that form leaves open.
        progress: Is told of every photo.

    Raises:
        FovealError: `unknown-name`, `target-exists`, `cannot-write`, `cannot-express`, `needs-extra`, `no-photos`;
            and those of `foveal.read`.
    """
    form, target = writer(to), Path(out).expanduser()
    check_new_folder(target)
    dataset = photos if isinstance(photos, Dataset) else read(photos, source=source, options=options)
    form.check(dataset)
    with new_folder(target) as folder:
        done = form.write(dataset, folder, target, progress)
        if not done.photos:
            raise none_readable("the photos", done.left_out)
    return Converted(target, to, done.photos, done.left_out, (*dataset.findings, *done.findings))
