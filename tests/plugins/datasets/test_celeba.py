"""CelebA from a miniature zip of JPEGs and its text files."""

import io
import pickle
import zipfile

import pytest
from PIL import Image

from ganzoo.errors import DataError, IncompatibleError
from ganzoo_builtins.datasets import celeba
from ganzoo_builtins.datasets.celeba import ALL_ATTRIBUTES, CelebA

FACES = {"000001.jpg": (250, 0, 0), "000002.jpg": (0, 250, 0), "000003.jpg": (0, 0, 250), "000004.jpg": (9, 9, 9)}
SMILING_MALES = {"000001.jpg": (1, -1), "000002.jpg": (-1, 1), "000003.jpg": (1, 1), "000004.jpg": (-1, -1)}


def jpeg(colour, size=(178, 218)):
    """The colour within the middle 108x108, white around it."""
    image = Image.new("RGB", size, "white")
    image.paste(colour, (32, 52, 146, 166))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def faces(root):
    folder = root / "celeba"
    folder.mkdir()
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        archive.writestr("img_align_celeba/", "")
        for name, colour in FACES.items():
            archive.writestr(f"img_align_celeba/{name}", jpeg(colour))
    rows = [str(len(FACES)), " ".join(ALL_ATTRIBUTES)]
    for name, values in SMILING_MALES.items():
        given = dict(zip(("Smiling", "Male"), values, strict=True))
        rows.append(f"{name} " + " ".join(f"{given.get(attribute, -1):2d}" for attribute in ALL_ATTRIBUTES))
    (folder / "list_attr_celeba.txt").write_text("\n".join(rows) + "\n")
    (folder / "list_eval_partition.txt").write_text("000001.jpg 0\n000002.jpg 0\n000003.jpg 1\n000004.jpg 2\n")
    return folder


def colour_of(x):
    return [round(value / 10) * 10 for value in x.float().mean((1, 2)).tolist()]


def test_splits_and_crops(faces):
    assert [len(CelebA(split)) for split in ("train", "valid", "test", "all")] == [2, 1, 1, 4]
    held = CelebA(attributes=["Male"], crop=108, size=32).held_out()
    assert held.fingerprint() == CelebA("test", ["Male"], 108, 32).fingerprint()
    assert CelebA("all").held_out() is CelebA("valid").held_out() is None
    x = CelebA("valid", crop=108, size=32)[0]["x"]
    assert x.shape == (3, 32, 32)
    assert colour_of(x) == [0, 0, 250]
    assert colour_of(CelebA("valid", crop=178)[0]["x"])[0] > 100


def test_attributes_become_classes(faces):
    dataset = CelebA("all", attributes=["Male", "Smiling"])
    assert dataset.spec.classes == 4
    names = ["not Male, not Smiling", "not Male, Smiling", "Male, not Smiling", "Male, Smiling"]
    assert list(dataset.class_names) == names
    assert [int(dataset[i]["y"]) for i in range(4)] == [1, 2, 3, 0]
    assert dataset.tensors()["y"].tolist() == [1, 2, 3, 0]
    assert CelebA("all").tensors().keys() == {"x"}


def test_unpacked_folder_serves_as_well(faces):
    with zipfile.ZipFile(faces / "img_align_celeba.zip") as archive:
        archive.extractall(faces)
    zipped = CelebA("all").tensors()["x"]
    (faces / "img_align_celeba.zip").unlink()
    assert CelebA("all").tensors()["x"].equal(zipped)


def test_a_folder_within_the_folder_and_tables_with_commas(faces):
    """As another site publishes them: unpacked, one folder deeper, with CSV tables."""
    expected = CelebA(attributes=["Male"]).tensors()
    with zipfile.ZipFile(faces / "img_align_celeba.zip") as archive:
        archive.extractall(faces / "img_align_celeba")
    (faces / "img_align_celeba.zip").unlink()
    assert CelebA(attributes=["Male"]).tensors()["x"].equal(expected["x"])
    for name in ("list_attr_celeba", "list_eval_partition"):
        rows = [",".join(line.split()) for line in (faces / f"{name}.txt").read_text().splitlines()]
        (faces / f"{name}.csv").write_text("\n".join(["image_id,...", *rows[-4:]]))
        (faces / f"{name}.txt").unlink()
    found = CelebA(attributes=["Male"])
    assert found.tensors()["x"].equal(expected["x"]) and found.tensors()["y"].equal(expected["y"])
    assert not any(source.missing() for source in found.sources())


def test_faces_lie_as_deep_as_somebody_unpacked_them_beside_files_of_macos(faces):
    deep = faces / "img_align_celeba" / "archive" / "img_align_celeba"
    deep.mkdir(parents=True)
    for name, colour in FACES.items():
        (deep / name).write_bytes(jpeg(colour))
        (deep / f"._{name}").write_bytes(b"of macOS")
    with zipfile.ZipFile(faces / "img_align_celeba.zip", "a") as archive:
        archive.writestr("__MACOSX/img_align_celeba/._000001.jpg", b"of macOS")
    packed = CelebA("all", crop=108, size=8).tensors()["x"]
    assert [colour_of(x) for x in packed] == [[250, 0, 0], [0, 250, 0], [0, 0, 250], [10, 10, 10]]
    (faces / "img_align_celeba.zip").unlink()
    assert (CelebA("all", crop=108, size=8).tensors()["x"] == packed).all()


def test_tables_of_spreadsheets_are_read(faces):
    (faces / "list_eval_partition.txt").unlink()
    (faces / "list_eval_partition.csv").write_text('"image_id";"partition"\r\n"000001.jpg";"0"\r\n000003.jpg;0\r\n')
    dataset = CelebA("train", crop=108, size=8)
    assert [colour_of(x) for x in dataset.tensors()["x"]] == [[250, 0, 0], [0, 0, 250]]


def test_without_the_table_of_the_parts_all_faces_are_one_split(faces):
    (faces / "list_eval_partition.txt").unlink()
    with pytest.raises(DataError, match=r'list_eval_partition.txt from https.*\nOr set split = "all", which needs no'):
        len(CelebA("train"))
    assert len(CelebA("all")) == 4


def test_faces_of_another_format_or_split_are_told(faces):
    (faces / "list_eval_partition.txt").write_text("000001.jpg 2\n")
    with pytest.raises(
        DataError, match=r"none of the 4 images .* split 'train' by .*partition\.txt\..* split = \"all\""
    ):
        len(CelebA())
    (faces / "img_align_celeba.zip").unlink()
    (faces / "img_align_celeba").mkdir()
    (faces / "img_align_celeba/000001.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds no image that ends in \.jpg, only files that end in \.png\. Put the"):
        len(CelebA("all"))


def test_a_large_set_is_streamed(faces, monkeypatch):
    monkeypatch.setattr(celeba, "IN_MEMORY", 1000)
    assert CelebA("all").tensors() is None
    assert len(CelebA("all").fingerprint()) == 64


def test_another_process_opens_the_zip_anew(faces):
    dataset = CelebA("all")
    first = dataset[0]["x"]
    assert pickle.loads(pickle.dumps(dataset))[0]["x"].equal(first)


def test_settings_that_make_no_sense():
    with pytest.raises(IncompatibleError, match=r"no attribute 'smiling'\. Did you mean 'Smiling'"):
        CelebA(attributes=["smiling"])
    with pytest.raises(IncompatibleError, match="name each once"):
        CelebA(attributes=["Male", "Male"])
    with pytest.raises(IncompatibleError, match=r"at most 10"):
        CelebA(attributes=list(ALL_ATTRIBUTES[:11]))
    with pytest.raises(IncompatibleError, match=r"crop = 200"):
        CelebA(crop=200)


def test_missing_files_are_named(root):
    with pytest.raises(DataError) as error:
        len(CelebA(attributes=["Male"]))
    told = error.value.message
    assert "ganzoo data get celeba" in told
    for file in ("img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt"):
        assert f"celeba/{file} from https://drive.google.com/" in told


def test_a_web_page_in_place_of_the_zip(faces):
    (faces / "img_align_celeba.zip").write_text("<html>Quota exceeded</html>")
    with pytest.raises(DataError, match=r"is no zip file.*quota is used up"):
        len(CelebA("all"))


def test_a_damaged_picture_is_named(faces):
    with zipfile.ZipFile(faces / "img_align_celeba.zip", "w") as archive:
        archive.writestr("img_align_celeba/000001.jpg", jpeg((0, 0, 0))[:500])
    with pytest.raises(DataError, match=r"000001\.jpg in .*is damaged"):
        CelebA("all")[0]


def test_a_picture_that_is_not_aligned_is_named(faces):
    with zipfile.ZipFile(faces / "img_align_celeba.zip", "w") as archive:
        archive.writestr("000001.jpg", jpeg((0, 0, 0), size=(409, 687)))
    with pytest.raises(DataError, match=r"000001\.jpg in .* is 409x687, expected 178x218"):
        CelebA("all")[0]
