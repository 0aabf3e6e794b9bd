import pytest

from kit.raw_folders import SOURCES, images, settings, texts, toy_raw, write_raw
from kit.tiny_encoder import LIMIT, tiny_encoder
from probecast.data.modalities.text import prepare
from probecast.errors import ProbecastError


def run(raw, **values):
    return prepare(raw, SOURCES["text"], settings(**values))


def words(prepared, row):
    """The words of one row of the test split, without padding."""
    ids = prepared.tensors["test"]["inputs"][row].tolist()
    return [prepared.vocabulary[i] for i in ids if i]


def raw_with(folder, *test):
    train = texts(["A good<br />film!", "a bad film..."] * 10, [1, 0] * 10)
    return write_raw(folder, train=train, test=texts(list(test), [0] * len(test)))


def test_texts_are_lower_cased_split_and_freed_of_line_breaks(tmp_path):
    prepared = run(raw_with(tmp_path, "A BAD<br />film!"))
    assert words(prepared, 0) == ["a", "bad", "film", "!"]


def test_padding_is_at_the_end_and_the_beginning_is_kept(tmp_path):
    raw = raw_with(tmp_path, "film", "bad film bad film bad")
    prepared = run(raw, sequence_length=3)
    assert prepared.tensors["train"]["inputs"].shape == (16, 3)
    first, second = sorted(prepared.tensors["test"]["inputs"].tolist(), key=lambda row: row[1])
    assert first[0] > 1 and first[1:] == [0, 0]
    assert [prepared.vocabulary[i] for i in second] == ["bad", "film", "bad"]


def test_the_default_length_is_32_tokens(tmp_path):
    assert run(toy_raw(tmp_path, "text")).tensors["val"]["inputs"].shape == (4, 32)


def test_words_that_train_lacks_are_unknown(tmp_path):
    assert words(run(raw_with(tmp_path, "a zebra")), 0) == ["a", "[UNK]"]


def test_words_that_occur_once_are_unknown(tmp_path):
    train = texts(["often often", "once often"] * 1 + ["often"] * 10, [0, 1] * 6)
    prepared = run(write_raw(tmp_path, train=train, test=train), val_rows=1)
    assert prepared.vocabulary == ["[PAD]", "[UNK]", "often"]


def test_the_vocabulary_is_limited_to_the_most_frequent_words(tmp_path):
    rare = " ".join(f"word{i}" for i in range(50))
    train = texts([rare, "common"] * 10, [0, 1] * 10)
    raw = write_raw(tmp_path, train=train, test=train)
    prepared = run(raw, vocabulary_size=12)
    assert len(prepared.vocabulary) == 12
    assert prepared.tensors["train"]["inputs"].max() < 12


def test_val_and_test_do_not_move_the_vocabulary(tmp_path):
    first = run(raw_with(tmp_path, "a good film"))
    second = run(raw_with(tmp_path, *["zebra zebra zebra"] * 9))
    third = run(write_raw(tmp_path, val=texts(["yak yak"] * 3, [0, 1, 0])), train_rows=16)
    assert first.vocabulary == second.vocabulary == third.vocabulary
    assert first.tensors["train"]["inputs"].equal(second.tensors["train"]["inputs"])


def test_a_text_without_a_word_is_unknown_and_not_all_padding(tmp_path):
    prepared = run(raw_with(tmp_path, "film", "", "  ", None))
    ids = prepared.tensors["test"]["inputs"]
    assert (ids[:, 0] > 0).all()
    assert sorted(ids[:, 0].tolist())[:3] == [1, 1, 1]


def test_the_share_of_unknown_words_is_recorded(tmp_path):
    shares = run(raw_with(tmp_path, "a zebra")).notes["unknown_share"]
    assert shares == {"train": 0.0, "val": 0.0, "test": 0.5}


def test_texts_of_mostly_unknown_words_are_told(tmp_path, caplog):
    train = texts([f"word{i} other{i} film" for i in range(20)], [1, 0] * 10)
    run(write_raw(tmp_path, train=train, test=texts(["film"], [0])))
    assert "67% of the words in its training texts are not in the vocabulary of 1;" in caplog.text
    caplog.clear()
    run(raw_with(tmp_path, "film"))
    assert not caplog.text


def test_an_empty_column_is_named(tmp_path):
    train = texts(["", " "] * 10, [0, 1] * 10)
    with pytest.raises(ProbecastError, match=r"train\.parquet: column 'text' is empty in all 16"):
        run(write_raw(tmp_path, train=train, test=train))


def test_a_column_of_something_else_is_named(tmp_path):
    data = images([0, 1] * 5).rename_column("image", "text")
    with pytest.raises(ProbecastError, match="column 'text': found dict, not text"):
        run(write_raw(tmp_path, train=data, test=data))


def run_pieces(raw, **values):
    return run(raw, pretrained=tiny_encoder(), **values)


def test_a_pretrained_tokenizer_makes_its_own_pieces(tmp_path):
    prepared = run_pieces(raw_with(tmp_path, "A BAD<br />film.", "a zebra"), sequence_length=8)
    rows = sorted(words(prepared, row) for row in range(2))
    assert rows == [
        ["[CLS]", "a", "[UNK]", "[SEP]"],
        ["[CLS]", "a", "bad", "film", ".", "[SEP]"],
    ]


def test_pieces_are_numbered_after_padding_and_unknown_by_frequency(tmp_path):
    train = texts(["film film film good", "film film good"] * 6, [0, 1] * 6)
    prepared = run_pieces(write_raw(tmp_path, train=train, test=texts(["bad"] * 2, [0, 1])))
    assert prepared.vocabulary == ["[PAD]", "[UNK]", "film", "[CLS]", "[SEP]", "good", "bad"]


def test_pieces_are_padded_at_the_end_and_cut_before_the_last_mark(tmp_path):
    raw = raw_with(tmp_path, "film", "bad film bad film bad")
    prepared = run_pieces(raw, sequence_length=4)
    ids = prepared.tensors["test"]["inputs"]
    assert sorted((ids == 0).sum(1).tolist()) == [0, 1]
    assert not (ids[:, :3] == 0).any()
    assert sorted(words(prepared, row) for row in range(2)) == [
        ["[CLS]", "bad", "film", "[SEP]"],
        ["[CLS]", "film", "[SEP]"],
    ]


def test_more_tokens_than_the_encoder_takes_are_refused(tmp_path):
    message = rf"^datasets\.toy\.sequence_length: {LIMIT + 1}, .* at most {LIMIT} tokens; lower"
    with pytest.raises(ProbecastError, match=message):
        run_pieces(raw_with(tmp_path, "film"), sequence_length=LIMIT + 1)
