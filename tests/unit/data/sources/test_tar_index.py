from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from made_archives import named, tar_bytes

from foveal.data.sources.tar_index import TarDamagedError, TarMember, looks_like_tar, tar_members

LONG = f"{'d' * 60}/{'e' * 60}/é.jpg"
FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


def members(content: bytes) -> list[TarMember]:
    return list(tar_members(io.BytesIO(content)))


@pytest.mark.parametrize("form", FORMS)
def test_every_format_as_the_standard_library_reads_it(form: int) -> None:
    files = {LONG: b"a" * 700, "b.jpg": b"", "c/d.jpg": b"c" * 512}
    if form != tarfile.USTAR_FORMAT:
        files["y" * 300 + ".jpg"] = b"abc"
    content = tar_bytes(files, form=form)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        known = [(each.name, each.offset_data, each.size) for each in tar]
    found = members(content)
    assert [(each.name, each.start, each.size) for each in found] == known
    assert [content[each.start : each.start + each.size] for each in found] == list(files.values())


@pytest.mark.parametrize("form", FORMS)
def test_links_name_what_they_stand_for(form: int) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=form) as tar:
        for name, kind, target in [
            ("a/1.jpg", tarfile.LNKTYPE, "b/2.jpg"),
            ("a/3.jpg", tarfile.SYMTYPE, "../b/./2.jpg"),
        ]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)
    assert members(content.getvalue()) == [
        TarMember("a/1.jpg", -1, 0, "b/2.jpg"),
        TarMember("a/3.jpg", -1, 0, "b/2.jpg"),
    ]


def test_what_is_no_file_is_passed_over() -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, kind in [("folder", tarfile.DIRTYPE), ("pipe", tarfile.FIFOTYPE), ("device", tarfile.CHRTYPE)]:
            member = tarfile.TarInfo(name)
            member.type = kind
            tar.addfile(member)
    assert members(content.getvalue()) == []


def test_a_sparse_file_has_no_single_place(tmp_path: Path) -> None:
    with (tmp_path / "holes.jpg").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"end")
    (tmp_path / "plain.jpg").write_bytes(b"plain")
    for form in ("gnu", "posix"):
        made = tmp_path / f"{form}.tar"
        command = ["tar", "-S", f"--format={form}", "-cf", made, "-C", tmp_path, "holes.jpg", "plain.jpg"]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            pytest.skip("needs the program tar")
        if done.returncode:
            pytest.skip("needs GNU tar")
        with tarfile.open(made) as tar:
            if not tar.getmembers()[0].issparse():
                pytest.skip("needs a file system with sparse files")
        found = members(made.read_bytes())
        assert [each.start < 0 for each in found] == [True, False]
        assert made.read_bytes()[found[1].start :][:5] == b"plain"


def test_a_tar_inside_a_tar() -> None:
    inner = tar_bytes(named("x.jpg y.jpg"))
    outer = tar_bytes({"first.jpg": b"1", "n.tar": inner})
    whole = members(outer)[1]
    found = list(tar_members(io.BytesIO(outer), start=whole.start, end=whole.start + whole.size))
    assert [outer[each.start : each.start + each.size] for each in found] == [b"x.jpg", b"y.jpg"]


def test_content_that_ends_early_is_damage_and_what_stands_before_it_counts() -> None:
    content = tar_bytes({"a.jpg": b"a" * 600, "b.jpg": b"b" * 600})
    seen = []
    with pytest.raises(TarDamagedError, match=r"b\.jpg, cut short"):
        seen.extend(tar_members(io.BytesIO(content[: 512 + 1024 + 512 + 100])))
    cut = tar_members(io.BytesIO(content[: 512 + 1024 + 200]))
    assert next(cut).name == "a.jpg"
    with pytest.raises(TarDamagedError, match=r"its end at byte 1,536"):
        next(cut)


def test_a_tar_without_the_empty_blocks_at_its_end_is_whole() -> None:
    content = tar_bytes({"a.jpg": b"a" * 600})
    assert len(members(content[: 512 + 1024])) == 1
    assert len(members(content[: 512 + 600])) == 1


def test_a_flipped_byte_in_a_header_is_found() -> None:
    content = bytearray(tar_bytes(named("a.jpg b.jpg")))
    content[1024 + 3] ^= 1
    found = tar_members(io.BytesIO(bytes(content)))
    assert next(found).name == "a.jpg"
    with pytest.raises(TarDamagedError, match=r"no member's header at byte 1,024") as caught:
        next(found)
    assert caught.value.at == 1024


def test_what_begins_like_a_tar() -> None:
    assert looks_like_tar(tar_bytes(named("a.jpg")))
    assert not looks_like_tar(b"\xff\xd8\xff" * 300)
    assert not looks_like_tar(b"")
