"""CleanVision on the same photos: exact and near duplicates, dark, light, blurry, odd aspect, low information."""

from __future__ import annotations

import contextlib
import os
import sys

if __name__ == "__main__":
    from cleanvision import Imagelab

    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        lab = Imagelab(data_path=sys.argv[1])
        lab.find_issues()
    print(
        {
            name: int(count)
            for name, count in zip(lab.issue_summary["issue_type"], lab.issue_summary["num_images"], strict=True)
        }
    )
