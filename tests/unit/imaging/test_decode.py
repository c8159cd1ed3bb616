from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.unit.imaging.samples import encoded, exif_with, noise_rgb, smooth_rgb, stored_as

from foveal.errors import FovealError
from foveal.imaging.decode import DEFAULT_LIMITS, IMAGE_SUFFIXES, Limits, decode, read_image

DEDUP = Path(__file__).parents[4] / "shared" / "data" / "dedup"
UPRIGHT = smooth_rgb(24, 40)
LOSSLESS = [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})]


@pytest.mark.parametrize(("image_format", "options"), [*LOSSLESS, ("BMP", {}), ("PPM", {})])
def test_lossless_formats_give_the_exact_pixels(image_format, options):
    image_rgb = noise_rgb(31, 17)
    decoded = decode(encoded(image_rgb, image_format, **options), name="x")
    np.testing.assert_array_equal(decoded, image_rgb)
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize(
    ("image_format", "options"),
    [("JPEG", {"quality": 95}), ("JPEG", {"progressive": True}), ("WEBP", {"quality": 95}), ("AVIF", {"quality": 95})],
)
def test_lossy_formats_give_nearly_the_pixels(image_format, options):
    image_rgb = smooth_rgb(60, 80)
    decoded = decode(encoded(image_rgb, image_format, **options), name="x")
    assert decoded.shape == image_rgb.shape
    assert np.abs(decoded.astype(int) - image_rgb).mean() < 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_odd_shapes(shape, image_format):
    image_rgb = np.full((*shape, 3), 77, np.uint8)
    decoded = decode(encoded(image_rgb, image_format), name="x", min_side=200)
    assert decoded.shape == (*shape, 3)
    assert np.abs(decoded.astype(int) - 77).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("image_format", "options"), LOSSLESS)
def test_orientation_is_applied_to_lossless_formats(orientation, image_format, options):
    data = encoded(stored_as(UPRIGHT, orientation), image_format, exif=exif_with(orientation), **options)
    np.testing.assert_array_equal(decode(data, name="x"), UPRIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "AVIF"])
def test_orientation_is_applied_to_lossy_formats(orientation, image_format):
    data = encoded(stored_as(UPRIGHT, orientation), image_format, exif=exif_with(orientation), quality=95)
    decoded = decode(data, name="x")
    assert decoded.shape == UPRIGHT.shape
    assert np.abs(decoded.astype(int) - UPRIGHT).mean() < 6


def test_orientation_is_applied_to_cmyk_jpeg():
    picture = Image.fromarray(stored_as(UPRIGHT, 6)).convert("CMYK")
    decoded = decode(encoded(picture, "JPEG", exif=exif_with(6), quality=95), name="x")
    assert np.abs(decoded.astype(int) - UPRIGHT).mean() < 8


def test_gif_and_tiff_give_their_first_picture():
    first, second = Image.new("RGB", (9, 7), (10, 200, 30)), Image.new("RGB", (9, 7), (250, 0, 0))
    for image_format in ("GIF", "TIFF", "PNG", "WEBP"):
        options = {"lossless": True} if image_format == "WEBP" else {}
        data = encoded(first, image_format, save_all=True, append_images=[second], **options)
        np.testing.assert_array_equal(decode(data, name="x"), np.array(first))


def test_the_jpeg_is_decoded_at_a_fraction_only_above_three_times_min_side():
    data = encoded(smooth_rgb(600, 900), "JPEG")
    sizes = {
        min_side: decode(data, name="x", min_side=min_side).shape[:2] for min_side in (0, 25, 26, 50, 51, 100, 101)
    }
    assert sizes == {
        0: (600, 900),
        25: (75, 113),
        26: (150, 225),
        50: (150, 225),
        51: (300, 450),
        100: (300, 450),
        101: (600, 900),
    }


def test_the_array_is_reused_by_the_same_thread():
    first = decode(encoded(np.full((40, 40, 3), 10, np.uint8), "JPEG"), name="x")
    second = decode(encoded(np.full((40, 40, 3), 200, np.uint8), "JPEG"), name="x")
    assert np.shares_memory(first, second)


def test_threads_do_not_share_the_buffer():
    values = [20, 90, 160, 230]
    photos = [encoded(np.full((50, 50, 3), value, np.uint8), "JPEG") for value in values]
    barrier = threading.Barrier(len(values))
    spread: dict[int, set[int]] = {value: set() for value in values}

    def work(value: int, data: bytes) -> None:
        for _ in range(50):
            image_rgb = decode(data, name="x")
            barrier.wait(timeout=30)  # every thread has decoded before any looks at its own
            spread[value].update(np.unique(image_rgb).tolist())
            barrier.wait(timeout=30)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(values, photos, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found and max(abs(one - value) for one in found) <= 1 for value, found in spread.items())


def _refused(data: bytes, limits: Limits = DEFAULT_LIMITS) -> FovealError:
    with pytest.raises(FovealError) as caught:
        decode(data, name="holiday.jpg", limits=limits)
    assert caught.value.message.startswith("holiday.jpg: ")
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 200
    assert caught.value.hint
    return caught.value


def test_an_empty_file_is_refused():
    assert _refused(b"").code == "image-empty"


def test_too_many_bytes_or_pixels_are_refused_with_both_numbers():
    data = encoded(noise_rgb(20, 30), "PNG")
    by_bytes = _refused(data, Limits(max_file_bytes=1000))
    assert by_bytes.code == "image-too-large"
    assert f"{len(data):,}" in by_bytes.message
    assert "1,000" in by_bytes.message
    for image_format in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "AVIF"):
        by_pixels = _refused(encoded(noise_rgb(20, 30), image_format), Limits(max_pixels=599))
        assert by_pixels.code == "image-too-large"
        assert "30×20" in by_pixels.message
        assert "599" in by_pixels.message
        assert "max_pixels" in by_pixels.hint
        assert decode(encoded(noise_rgb(20, 30), image_format), name="x", limits=Limits(max_pixels=600)).size


PHOTO = noise_rgb(23, 19)
WHOLE = {
    "JPEG": encoded(PHOTO, "JPEG"),
    "progressive JPEG": encoded(PHOTO, "JPEG", progressive=True),
    "grey JPEG": encoded(Image.fromarray(PHOTO).convert("L"), "JPEG"),
    "CMYK JPEG": encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    "PNG": encoded(PHOTO, "PNG"),
    "WEBP": encoded(PHOTO, "WEBP", lossless=True),
    "GIF": encoded(PHOTO, "GIF"),
    "BMP": encoded(PHOTO, "BMP"),
    "PPM": encoded(PHOTO, "PPM"),
    "TIFF": encoded(PHOTO, "TIFF", compression="tiff_lzw"),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_anywhere_is_refused_or_whole(kind):
    data = WHOLE[kind]
    expected = decode(data, name="x").copy()
    refused = 0
    for length in range(len(data)):
        try:
            decoded = decode(data[:length], name="x")
        except FovealError as error:
            assert error.code in {"image-empty", "image-format", "image-truncated", "image-corrupt"}  # noqa: PT017
            refused += 1
        else:
            np.testing.assert_array_equal(decoded, expected, err_msg=f"cut to {length} of {len(data)} bytes")
    assert refused > 0.9 * len(data)


@settings(max_examples=60, deadline=None)
@given(share=st.floats(0, 0.999), seed=st.integers(0, 5), quality=st.integers(5, 100), progressive=st.booleans())
def test_a_cut_jpeg_is_never_half_grey(share, seed, quality, progressive):
    data = encoded(noise_rgb(40, 64, seed), "JPEG", quality=quality, progressive=progressive)
    expected = decode(data, name="x").copy()
    cut = data[: int(share * len(data))]
    # with the end mark put back, libjpeg would fill the missing part with grey and only warn; a progressive file of
    # fewer passes, however, is a whole file of lower quality
    for broken in [cut] if progressive else [cut, cut + b"\xff\xd9"]:
        try:
            decoded = decode(broken, name="x")
        except FovealError:
            continue
        np.testing.assert_array_equal(decoded, expected)


def test_a_cut_jpeg_says_so():
    data = encoded(noise_rgb(100, 100), "JPEG")
    assert _refused(data[: len(data) // 2]).code == "image-truncated"
    assert _refused(data[:100]).code == "image-truncated"
    assert _refused(encoded(noise_rgb(100, 100), "PNG")[:5000]).code == "image-truncated"


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from(
        [b"", b"\xff\xd8\xff", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"II*\0", b"P6\n", b"BM", b"\0\0\0\x1cftypavif"]
    ),
    rest=st.binary(max_size=300),
)
def test_random_bytes_raise_only_foveal_errors(start, rest):
    try:
        decoded = decode(start + rest, name="x", limits=Limits(max_pixels=10_000))
    except FovealError as error:
        assert error.code.startswith(("image-", "needs-extra"))  # noqa: PT017
    else:
        assert decoded.ndim == 3


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(sorted(WHOLE)), where=st.floats(0, 0.999), patch=st.binary(min_size=1, max_size=6))
def test_damaged_bytes_raise_only_foveal_errors(kind, where, patch):
    data = bytearray(WHOLE[kind])
    at = int(where * len(data))
    data[at : at + len(patch)] = patch
    try:
        decoded = decode(bytes(data), name="x", limits=Limits(max_pixels=10_000))
    except FovealError as error:
        assert error.code.startswith(("image-", "needs-extra"))  # noqa: PT017
    else:
        assert decoded.shape[2] == 3


def test_read_image_is_decode_of_the_file(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(PHOTO, "PNG"))
    np.testing.assert_array_equal(read_image(path), PHOTO)


def _unreadable(path: Path) -> FovealError:
    with pytest.raises(FovealError) as caught:
        read_image(path)
    assert caught.value.code == "image-unreadable"
    return caught.value


def test_read_image_refuses_what_is_no_file(tmp_path):
    assert "No such file" in _unreadable(tmp_path / "gone.jpg").message
    assert "folder" in _unreadable(tmp_path).message
    assert "null byte" in _unreadable(Path("a\0b.jpg")).message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_read_image_does_not_wait_for_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert "pipe" in _unreadable(tmp_path / "pipe.jpg").message
    assert "device" in _unreadable(Path(os.devnull)).message


def test_read_image_tells_why_a_file_cannot_be_opened(tmp_path, monkeypatch):
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert _unreadable(path).message == "secret.jpg: expected a readable file, got: Permission denied"


def test_read_image_checks_the_size_before_reading(tmp_path, monkeypatch):
    path = tmp_path / "big.jpg"
    path.write_bytes(bytes(2000))
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    with pytest.raises(FovealError, match="2,000 bytes"):
        read_image(path, limits=Limits(max_file_bytes=1999))


@pytest.mark.photos
@pytest.mark.skipif(not DEDUP.is_dir(), reason="the shared photo sets are not beside this checkout")
def test_real_files_of_many_formats_decode():
    paths = sorted(path for path in DEDUP.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    assert paths
    refused = []
    for path in paths:
        try:
            assert min(read_image(path).shape[:2]) >= 100
        except FovealError as error:
            refused.append((path.name, error.code))
    assert refused == [("ukbench09268_corrupt.jpg", "image-format")] * 2
