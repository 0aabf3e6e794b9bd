import pytest
from datasets import Dataset, Value

from kit.raw_folders import SOURCES, settings, texts, write_raw
from probecast.data.selection import choose_labelled_rows
from probecast.errors import ProbecastError

LABELS = [0] * 60 + [1] * 40  # sorted, as IMDb's are


def raw_with(folder, train=LABELS, test=(0, 1) * 10, **more):
    splits = {"train": train, "test": test, **more}
    return write_raw(
        folder,
        **{split: texts(["x"] * len(of), list(of)) for split, of in splits.items()},
    )


def integers(labels):
    """A split whose labels are plain integers, without names."""
    data = Dataset.from_dict({"text": ["x"] * len(labels), "label": list(labels)})
    return data.cast_column("label", Value("int64"))


def choose(raw, **values):
    return choose_labelled_rows(raw, SOURCES["text"], settings(**values))


def test_validation_rows_have_the_classes_in_their_shares(tmp_path):
    chosen = choose(raw_with(tmp_path), val_rows=20)
    assert chosen.labels["val"].bincount().tolist() == [12, 8]
    assert chosen.labels["train"].bincount().tolist() == [48, 32]


def test_no_row_is_in_train_and_in_val(tmp_path):
    chosen = choose(raw_with(tmp_path), val_rows=20)
    train, val = (chosen.selections[split].rows for split in ("train", "val"))
    assert sorted([*train, *val]) == list(range(100))


def test_a_small_limit_on_a_sorted_file_still_meets_both_classes(tmp_path):
    chosen = choose(raw_with(tmp_path), train_rows=20, val_rows=10)
    assert min(chosen.labels["train"].bincount()) >= 4


def test_more_training_rows_keep_the_others_and_the_validation_split(tmp_path):
    raw = raw_with(tmp_path)
    small, large = (choose(raw, train_rows=n, val_rows=20).selections for n in (10, 40))
    assert small["train"].rows.tolist() == large["train"].rows[:10].tolist()
    assert small["val"].rows.tolist() == large["val"].rows.tolist()


def test_rows_depend_on_the_seed_and_on_nothing_else(tmp_path):
    raw = raw_with(tmp_path)
    first, again, other = (choose(raw, seed=seed).selections for seed in (0, 0, 1))
    for split in ("train", "val", "test"):
        assert first[split].rows.tolist() == again[split].rows.tolist()
        assert first[split].rows.tolist() != other[split].rows.tolist()


def test_a_limit_above_what_there_is_takes_all(tmp_path):
    chosen = choose(raw_with(tmp_path), train_rows=1000, val_rows=20, test_rows=1000)
    assert {split: len(of) for split, of in chosen.labels.items()} == {
        "train": 80,
        "val": 20,
        "test": 20,
    }


def test_a_raw_validation_split_is_used(tmp_path):
    chosen = choose(raw_with(tmp_path, val=[1, 0, 1]), val_rows=20)
    assert chosen.selections["val"].file.path.name == "val.parquet"
    assert chosen.labels["val"].sum() == 2
    assert len(chosen.labels["train"]) == 100


def test_only_the_first_classes_are_kept(tmp_path):
    raw = write_raw(tmp_path, train=integers([0, 1, 2, 3] * 10), test=integers([3, 2, 1, 0]))
    chosen = choose(raw, classes=2)
    assert chosen.class_count == 2
    assert chosen.labels["test"].sort().values.tolist() == [0, 1]
    assert chosen.labels["train"].bincount().tolist() == [8, 8]


def test_label_noise_moves_its_share_of_training_labels_only(tmp_path):
    raw = raw_with(tmp_path)
    clean, noisy = (choose(raw, val_rows=20, label_noise=noise) for noise in (0.0, 0.25))
    assert (clean.labels["train"] != noisy.labels["train"]).sum() == 20
    assert noisy.labels["train"].max() == 1
    for split in ("val", "test"):
        assert (clean.labels[split] == noisy.labels[split]).all()


def test_the_floor_names_the_majority_of_train_not_of_test(tmp_path):
    floor = choose(raw_with(tmp_path, test=[1] * 9 + [0]), val_rows=20).majority_floor()
    assert floor == {"val": pytest.approx(0.6), "test": pytest.approx(0.1)}


def test_val_rows_must_leave_training_rows(tmp_path):
    message = r"val_rows 100 leaves no .* 100;.*`datasets\.toy\.val_rows`"
    with pytest.raises(ProbecastError, match=message):
        choose(raw_with(tmp_path), val_rows=100)


def test_one_class_is_nothing_to_learn(tmp_path):
    with pytest.raises(ProbecastError, match=r"train\.parquet.*all have label 1.*'label'"):
        choose(raw_with(tmp_path, train=[1] * 30))


def test_an_unlabelled_test_split_is_named(tmp_path):
    raw = raw_with(tmp_path, test=[-1] * 5)
    with pytest.raises(ProbecastError, match=r"test\.parquet, row 0.*unlabelled.*5 of 5"):
        choose(raw)


def test_a_test_label_that_training_lacks_is_out_of_range(tmp_path):
    raw = write_raw(tmp_path, train=integers([0, 1] * 10), test=integers([0, 7]))
    with pytest.raises(ProbecastError, match=r"test\.parquet, row 1.*label 7 is not in 0\.\.1"):
        choose(raw)


def test_labels_must_be_integers(tmp_path):
    words = Dataset.from_dict({"text": ["x", "y"], "label": ["good", "bad"]})
    with pytest.raises(ProbecastError, match="column 'label' is of type string"):
        choose(write_raw(tmp_path, train=words, test=words))


def test_more_classes_than_there_are_is_refused(tmp_path):
    with pytest.raises(ProbecastError, match=r"'toy': classes is 5.*has 2"):
        choose(raw_with(tmp_path), classes=5)


def test_a_class_subset_that_empties_a_split_is_refused(tmp_path):
    raw = write_raw(tmp_path, train=integers([0, 1, 2] * 10), test=integers([2, 2]))
    with pytest.raises(ProbecastError, match=r"test\.parquet: none of its 2 rows"):
        choose(raw, classes=2)


@pytest.mark.parametrize("count", [1, 7, 33, 90])
def test_exactly_as_many_validation_rows_as_asked_for(tmp_path, count):
    rows = choose(raw_with(tmp_path), val_rows=count).selections["val"].rows
    assert len(set(rows)) == len(rows) == count
