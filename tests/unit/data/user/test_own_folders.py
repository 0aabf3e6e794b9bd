"""Every file of a user's folder is in the split that its place means, or it is told why not."""

import shutil

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from kit.own_files import (
    IMAGES,
    SERIES,
    SPEECH,
    TEXTS,
    csv_lines,
    series_csv,
    study,
    write_image,
    write_images,
    write_recordings,
)
from probecast.data.routes.folder import files_below, split_folders
from probecast.data.split_names import USUAL, by_split, split_of
from probecast.errors import ProbecastError

NAMES = [name for names in USUAL.values() for name in names]


def counted(raw, column="label"):
    return {split: len(rows[column]) for split, rows in raw.items()}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sets(st.sampled_from([*NAMES, "extra", "cats"]), min_size=1, max_size=4),
    st.sampled_from([str.lower, str.upper, str.title]),
)
def test_folders_mean_what_they_are_called_or_are_refused(tmp_path, names, spelt):
    folder = tmp_path / "photos"
    shutil.rmtree(folder, ignore_errors=True)
    for name in names:
        write_image(folder / spelt(name) / "cat" / "1.png")
    meant = [split_of(name) for name in names]
    try:
        found = split_folders(folder, "image", "key")
    except ProbecastError:
        known = [split for split in meant if split]
        assert len(set(known)) < len(known) or "train" not in known
        return
    if "train" in meant:
        assert found == {split_of(name): spelt(name) for name in names if split_of(name)}
    else:
        assert found == {"train": "."}


def test_two_names_for_one_split_are_refused():
    assert by_split(["TEST", "training", "other"]) == {"train": "training", "test": "TEST"}
    with pytest.raises(ValueError, match="'dev' and 'val' both mean the split 'val'"):
        by_split(["val", "dev", "train"])


def test_a_validation_folder_by_any_usual_name_is_the_validation_split(read):
    for name, count in (("Train", 5), ("valid", 3), ("Testing", 2)):
        write_images(read.folder / "photos" / name, count=count)
    assert counted(read(**IMAGES)) == {"train": 10, "val": 6, "test": 4}


def test_a_class_called_like_the_training_split_is_a_class(read):
    write_images(read.folder / "photos", classes=("train", "car"))
    read(**IMAGES)
    assert read.classes() == ["car", "train"]


@pytest.mark.parametrize("usual", ["training", "Train"])
def test_files_and_columns_have_the_usual_names_of_splits_too(read, usual):
    rows = [f"words {i % 3},{'xy'[i % 2]}" for i in range(20)]
    (read.folder / "a.csv").write_text(csv_lines("text,label", *rows))
    (read.folder / "b.csv").write_text(csv_lines("text,label", *rows[:6]))
    raw = read(modality="text", files={usual: "a.csv", "eval": "b.csv"})
    assert counted(raw) == {"train": 20, "test": 6}
    names = [(usual, "dev", "TEST")[i % 3] for i in range(20)]
    with_column = [f"{row},{name}" for row, name in zip(rows, names, strict=True)]
    (read.folder / "train.csv").write_text(csv_lines("text,label,Split", *with_column))
    (read.folder / "lock.json").unlink()
    assert counted(read(**TEXTS)) == {"train": 7, "val": 7, "test": 6}


def test_a_column_of_splits_with_other_names_is_refused(read):
    rows = [f"words {i % 3},{'xy'[i % 2]},{('train', 'holdout')[i % 2]}" for i in range(20)]
    (read.folder / "train.csv").write_text(csv_lines("text,label,split", *rows))
    with pytest.raises(ProbecastError, match="column 'split' has 'holdout' beside train; call"):
        read(**TEXTS)


def test_metadata_that_names_files_in_folders_of_splits_divides_them(read):
    folder = read.folder / "spoken"
    rows = []
    for split, count in (("train", 6), ("validation", 3), ("test", 2)):
        write_recordings(folder / split, ["one", "two", "three"] * 2)
        (folder / split / "metadata.csv").unlink()
        rows += [f"{split}/{i}.wav,one" for i in range(count)]
    (folder / "Metadata.CSV").write_text(csv_lines("file_name,transcription", *rows))
    assert counted(read(**SPEECH), "transcription") == {"train": 6, "val": 3, "test": 2}
    assert "Metadata.CSV: 7 of 18 files are not in it and are left out" in read.log.text


def test_links_are_followed_but_not_in_circles(read):
    write_images(read.folder / "photos", classes=("cat",))
    write_images(read.folder / "store", classes=("dog",))
    (read.folder / "photos" / "dog").symlink_to(read.folder / "store" / "dog")
    (read.folder / "store" / "dog" / "back").symlink_to(read.folder / "photos")
    (read.folder / "photos" / "cat" / "self").symlink_to(read.folder / "photos" / "cat")
    assert sum(counted(read(**IMAGES)).values()) == 12
    assert read.classes() == ["cat", "dog"]
    assert len(list(files_below(read.folder / "photos"))) == 12


def test_a_link_to_nothing_is_named(read):
    write_images(read.folder / "photos")
    (read.folder / "photos" / "cat" / "gone.png").symlink_to(read.folder / "nowhere.png")
    with pytest.raises(ProbecastError, match=r"cat/gone\.png: not readable \(No such file"):
        read(**IMAGES)


def test_a_class_that_is_lost_by_its_endings_is_refused_with_the_count(read):
    write_images(read.folder / "photos")
    for name in ("cat", "fox"):
        (read.folder / "photos" / name).mkdir(exist_ok=True)
        for i in range(4):
            (read.folder / "photos" / name / f"{i}.heic").write_bytes(b"ftypheic")
    message = r"8 of 20 files have an ending that is not read \(8 \.heic\), all of class 'fox'"
    with pytest.raises(ProbecastError, match=message):
        read(**IMAGES)
    shutil.rmtree(read.folder / "photos" / "fox")
    assert sum(counted(read(**IMAGES)).values()) == 12
    assert "4 of 16 files have an ending that is not read (4 .heic)" in read.log.text


def test_files_beside_the_splits_are_counted(read):
    for name in ("train", "test", "more"):
        write_images(read.folder / "photos" / name, count=4)
    assert counted(read(**IMAGES)) == {"train": 8, "test": 8}
    assert "8 files lie outside the folders of the splits, train, test" in read.log.text


def test_images_that_lie_on_their_side_are_of_one_size_with_the_others(tmp_path, prepared):
    exif = Image.Exif()
    exif[0x0112] = 6
    for i in range(20):
        path = tmp_path / "photos" / "ab"[i % 2] / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(i).integers(0, 255, (16, 24), dtype=np.uint8)
        image = Image.fromarray(pixels if i % 4 < 2 else np.rot90(pixels).copy())
        image.save(path, exif=exif if i % 4 >= 2 else Image.Exif())
    spec = prepared(IMAGES)
    assert spec.input_shape == (1, 16, 24)


def test_white_on_nothing_is_refused_until_it_has_a_dark_ground(tmp_path, prepared):
    for i in range(20):
        path = tmp_path / "photos" / "ab"[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        alpha = (np.random.default_rng(i).random((6, 6)) < 0.5) * 255
        layers = [np.full((6, 6), 255), alpha]
        Image.fromarray(np.stack(layers, -1).astype(np.uint8)).save(path)
    with pytest.raises(ProbecastError, match=r"images .* are alike .*`ground: black` under `data"):
        prepared(IMAGES)
    assert prepared({**IMAGES, "ground": "black"}).rows["train"] > 0


@pytest.mark.parametrize("kind", ["text", "speech", "series"])
def test_inputs_that_are_all_alike_are_refused(tmp_path, prepared, kind):
    rows = ["the same again,a", "the same again,b"] * 20
    (tmp_path / "train.csv").write_text(csv_lines("text,label", *rows))
    if kind == "series":
        lines = [f"{row.partition(',')[0]},3,4" for row in series_csv().splitlines()[1:]]
        (tmp_path / "train.csv").write_text(csv_lines("timestamp,a,b", *lines))
    folder = write_recordings(tmp_path / "spoken", ["one", "two"] * 6)
    for path in folder.glob("*.wav"):
        shutil.copy(folder / "3.wav", path) if path.name != "3.wav" else None
    own = {"text": TEXTS, "speech": SPEECH, "series": SERIES}[kind]
    with pytest.raises(ProbecastError, match=r"are alike as they are read|clients varies"):
        prepared(own)


def test_silent_recordings_are_left_out_and_counted(read):
    write_recordings(read.folder / "spoken", ["one", "two"] * 6)
    for i, samples in enumerate([np.zeros(8000), np.full((8000, 2), (0.1, -0.2))]):
        soundfile.write(read.folder / "spoken" / f"{i}.wav", samples, 16_000)
    assert sum(counted(read(**SPEECH), "transcription").values()) == 10
    assert "2 of 12 recordings are silent and are left out" in read.log.text


def test_recordings_whose_channels_cancel_each_other_are_heard(read):
    write_recordings(read.folder / "spoken", ["one", "two"] * 6)
    for i in range(12):
        wave = 0.3 * np.sin(np.arange(4000 + 100 * i) * 0.1)
        soundfile.write(read.folder / "spoken" / f"{i}.wav", np.stack([wave, -wave], 1), 16_000)
    told = read.told(**SPEECH)
    assert "speech files: 12 of 12 have channels that cancel each other; the loudest is" in told


def test_what_was_read_is_told_at_the_end(read):
    write_images(read.folder / "photos", count=8)
    (read.folder / "photos" / "cat" / "notes.txt").write_text("")
    (read.folder / "photos" / "cat" / ".hidden.png").write_text("")
    told = read.told(**IMAGES)
    assert told.splitlines()[-3:] == [
        f"mine: read from {read.folder / 'photos'}; rows: train 12, test 4",
        "  splits: test is 20% of the training rows, drawn by seed",
        "  not used: 1 hidden files; 1 files with an ending that is not read (1 .txt)",
    ]


def test_what_was_read_of_a_series_is_told_with_form_and_steps(read):
    lines = series_csv(100, step="D").splitlines()
    del lines[41]
    (read.folder / "train.csv").write_text(csv_lines(lines[0], *reversed(lines[1:])))
    assert read.told(**SERIES).splitlines()[-6:] == [
        f"mine: read from {read.folder / 'train.csv'}; rows: train 79, test 20",
        "  times: column 'timestamp', read as %Y-%m-%dT%H:%M, the one form that all rows fit",
        "  order: the rows of train stood newest first and were turned round",
        "  step: 1 day; 1 gaps, before 2024-02-11 00:00:00 in the training rows",
        "  splits: test is 20% of the training rows, the last",
        "  not used: nothing is left out",
    ]


def test_paths_with_dots_and_links_stay_what_they_are(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "1a2b3c").write_text("x")
    (tmp_path / "data" / "train.csv").symlink_to(tmp_path / "store" / "1a2b3c")
    own = {**TEXTS, "files": {"train": "sub/../data/train.csv"}}
    (tmp_path / "sub").mkdir()
    at = study(tmp_path, own).dataset("mine").own.files["train"]
    assert at == str(tmp_path / "data" / "train.csv")
