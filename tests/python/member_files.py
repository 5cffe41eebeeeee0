"""`File`, `Files`, and the members of `Run` that give them. What is written goes to runs of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from member_steps import PROJECT, WRITTEN, create, outcome, run, step

MEDIA = f"{PROJECT}/media"
IMAGES = "media/images/%"


def media() -> Any:
    return run(MEDIA)


def folder(files: dict[str, str]) -> str:
    """A folder of its own with these files."""
    root = tempfile.mkdtemp()
    for name, text in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def uploaded(run_id: str, name: str, text: str) -> Any:
    """A file of a run that is made for it."""
    root = folder({name: text})
    return create(run_id).upload_file(os.path.join(root, name), root=root)


@step("Run.files")
def _() -> Any:
    return [[file.name for file in media().files(per_page=per_page)] for per_page in (1, 2, 50)]


@step("len(Files)")
def _() -> Any:
    return len(media().files())


@step("Run.files(names)")
def _() -> Any:
    return [file.name for file in media().files(names=["requirements.txt", "no such file"])]


@step("Run.files(pattern)")
def _() -> Any:
    return [[file.name for file in media().files(pattern=pattern)] for pattern in ("%.png", IMAGES, "requirements._xt", "nothing%")]


@step("Run.files(names, pattern)")
def _() -> Any:
    return outcome(lambda: [file.name for file in media().files(names=["a"], pattern="%")])


@step("Run.file")
def _() -> Any:
    return [media().file("requirements.txt").name, outcome(lambda: media().file("no such file").name)]


@step("File.size")
def _() -> Any:
    return [file.size for file in media().files()]


@step("File.mimetype")
def _() -> Any:
    return [file.mimetype for file in media().files()]


@step("File.md5")
def _() -> Any:
    return [file.md5 for file in media().files()]


@step("File.updated_at")
def _() -> Any:
    return [file.updated_at.rstrip("Z") for file in media().files()]


@step("File.url")
def _() -> Any:
    return [file.url.split("?")[0].split("/", 3)[3] for file in media().files()]


@step("File.direct_url")
def _() -> Any:
    return [file.direct_url.split("?")[0].split("/", 3)[3] for file in media().files()]


@step("File.path_uri")
def _() -> Any:
    return media().file("requirements.txt").path_uri.split("?")[0].split("/", 3)[3]


@step("File.download")
def _() -> Any:
    root = tempfile.mkdtemp()
    media().files(pattern=IMAGES)[0].download(root=root)
    path = next(path for path in Path(root).rglob("*") if path.is_file())
    return [path.relative_to(root).as_posix(), path.stat().st_size]


@step("File.download(replace, exist_ok)")
def _() -> Any:
    root = folder({"requirements.txt": "mine"})
    file, path = media().file("requirements.txt"), Path(root, "requirements.txt")
    answers = [outcome(lambda: file.download(root=root) and None)]
    file.download(root=root, exist_ok=True).close()
    answers.append(path.read_text())
    file.download(root=root, replace=True).close()
    answers.append(path.stat().st_size == file.size)
    return answers


@step("Run.upload_file")
def _() -> Any:
    file = uploaded("uploads", "sub/ä b.txt", "hello")
    found = run(f"{WRITTEN}/uploads").files()
    return [file.name, file.size, file.md5, [it.name for it in found]]


@step("Run.upload_file (again)")
def _() -> Any:
    root = folder({"sub/ä b.txt": "hello again"})
    run(f"{WRITTEN}/uploads").upload_file(os.path.join(root, "sub/ä b.txt"), root=root)
    return [[file.name, file.size] for file in run(f"{WRITTEN}/uploads").files()]


@step("Run.upload_file of nothing")
def _() -> Any:
    return outcome(lambda: create("uploads-of-nothing").upload_file("/nowhere/at/all", root="/nowhere").name)


@step("File.delete")
def _() -> Any:
    uploaded("deletes", "a.txt", "a").delete()
    return [file.name for file in run(f"{WRITTEN}/deletes").files()]
