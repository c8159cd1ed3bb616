from __future__ import annotations

import builtins
import sys
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile
from tests.unit.imaging.samples import encoded, noise_rgb

from foveal.errors import FovealError
from foveal.imaging.decode import decode

PHOTO = noise_rgb(50, 50)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100)


@pytest.mark.parametrize("image_format", ["PNG", "CMYK", "TIFF", "BMP"])
def test_cut_files_are_refused_even_where_the_program_lets_pillow_accept_them(image_format, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    picture = Image.fromarray(PHOTO)
    data = encoded(picture.convert("CMYK"), "JPEG") if image_format == "CMYK" else encoded(picture, image_format)
    with pytest.raises(FovealError) as caught:
        decode(data[: len(data) * 2 // 3], name="x")
    assert caught.value.code in {"image-truncated", "image-corrupt"}
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_pillows_own_size_limit_neither_warns_nor_refuses(monkeypatch):
    for limit in (100, 2000):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert decode(encoded(PHOTO, "PNG"), name="x").shape == PHOTO.shape
        assert limit == Image.MAX_IMAGE_PIXELS


def test_pillows_warnings_are_held_back_only_while_decoding(recwarn):
    data = bytearray(encoded(PHOTO, "TIFF"))
    start = int.from_bytes(data[4:8], "little")
    data[start + 2 + 4 : start + 2 + 8] = (70).to_bytes(4, "little")  # a first tag of 70 values warns
    filters_before = list(warnings.filters)
    try:
        decode(bytes(data), name="x")
    except FovealError as error:
        assert error.code.startswith("image-")  # noqa: PT017
    assert not recwarn.list
    assert list(warnings.filters) == filters_before


def test_settings_are_put_back_after_many_threads():
    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(warnings.filters))
    data = encoded(PHOTO, "PNG")
    wrong: list[int] = []

    def work() -> None:
        wrong.extend(number for number in range(30) if not np.array_equal(decode(data, name="x"), PHOTO))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


def test_heic_without_the_extra_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(FovealError) as caught:
        decode(HEIC, name="phone.heic")
    assert caught.value.code == "needs-extra"
    assert caught.value.hint == 'pip install "foveal[heic]"'
    assert caught.value.message.startswith("phone.heic: ")


def test_heic_is_decoded_where_the_extra_is_there():
    pillow_heif = pytest.importorskip("pillow_heif", reason="the heic extra is not installed")
    pillow_heif.register_heif_opener()
    decoded = decode(encoded(np.full((64, 96, 3), 120, np.uint8), "HEIF"), name="x")
    assert decoded.shape == (64, 96, 3)
    assert np.abs(decoded.astype(int) - 120).max() <= 6


def test_running_out_of_memory_is_a_plain_refusal(monkeypatch):
    def refuse(_: Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    with pytest.raises(FovealError, match="not enough memory") as caught:
        decode(encoded(PHOTO, "BMP"), name="x")
    assert caught.value.code == "image-too-large"


def test_jpeg_needs_no_pillow(monkeypatch):
    data = encoded(PHOTO, "JPEG")
    real_import = builtins.__import__

    def without_pillow(name, *rest):
        assert not name.startswith("PIL"), "Pillow was imported for a plain JPEG"
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    assert decode(data, name="x").shape == PHOTO.shape
