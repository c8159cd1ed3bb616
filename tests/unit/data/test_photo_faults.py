from __future__ import annotations

import pytest

from foveal.data.photo_faults import why_unreadable
from foveal.errors import FovealError


@pytest.mark.parametrize("code", ["image-corrupt", "image-empty", "bad-image", "needs-extra"])
def test_a_photos_own_fault_is_put_in_words_without_its_name(code, tmp_path):
    path = tmp_path / "one.jpg"
    error = FovealError(code, "one.jpg: expected a photo, got half of one", hint="copy it again")
    assert why_unreadable(error, path) == "expected a photo, got half of one"


def test_any_other_error_is_raised_again(tmp_path):
    error = FovealError("runtime-missing", "onnx: expected it to be installed", hint="install it")
    with pytest.raises(FovealError) as caught:
        why_unreadable(error, tmp_path / "one.jpg")
    assert caught.value is error
