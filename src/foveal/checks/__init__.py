"""The data checks, one file each: `check(evidence)` yields what it found. They run in this order."""

CHECKS: dict[str, str] = {
    "unreadable": "foveal.checks.unreadable:check",
    "duplicates": "foveal.checks.duplicates:check",
    "wrong-labels": "foveal.checks.wrong_labels:check",
    "shortcuts": "foveal.checks.shortcuts:check",
    "separability": "foveal.checks.separability:check",
    "outliers": "foveal.checks.outliers:check",
    "class-sizes": "foveal.checks.class_sizes:check",
    "pixel-quality": "foveal.checks.pixel_quality:check",
    "file-oddities": "foveal.checks.file_oddities:check",
    "learning-curve": "foveal.checks.learning_curve:check",
}
