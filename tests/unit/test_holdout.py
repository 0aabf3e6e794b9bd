import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.tables import small_table
from probecast.errors import ProbecastError
from probecast.holdout import NOTHING, PATTERN, SHIPPED, HoldOut, describe_sources

NAMES = st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True)
HOLD_OUTS = st.one_of(
    st.builds(HoldOut, st.sampled_from(["family", "architecture"]), NAMES),
    st.sampled_from([NOTHING, SHIPPED]),
)
DIGITS = {"task": "digits-cnn", "family": "digits", "architecture": "cnn"}


@given(HOLD_OUTS)
def test_what_is_written_is_read_back(held_out):
    assert re.fullmatch(PATTERN, str(held_out))
    assert HoldOut.parse(str(held_out)) == held_out
    assert bool(held_out) == (held_out not in (NOTHING, SHIPPED))
    if held_out != SHIPPED:  # of which a card says that nothing was held out
        assert HoldOut.from_card(held_out.to_card()) == held_out


@given(st.text())
def test_anything_else_is_refused(text):
    if not re.fullmatch(PATTERN, text):
        with pytest.raises(ProbecastError, match="hold-out: found"):
            HoldOut.parse(text)


@pytest.mark.parametrize("text", ["", "family-", "family", "families-x", "all-x", "family-x\n"])
def test_what_is_nearly_one_is_refused(text):
    with pytest.raises(ProbecastError, match="write family-<name>, architecture-<name>, all or"):
        HoldOut.parse(text)


def test_how_a_card_spells_it():
    assert HoldOut("family", "digits").to_card() == {"kind": "family", "name": "digits"}
    assert NOTHING.to_card() is SHIPPED.to_card() is None
    assert HoldOut.from_card(None) == NOTHING


@pytest.mark.parametrize(
    ("held_out", "excluded"),
    [
        ("family-digits", True),
        ("family-cnn", False),
        ("architecture-cnn", True),
        ("architecture-digits", False),
        ("all", False),
        ("shipped", False),
    ],
)
def test_what_is_excluded_of_descriptions_and_of_entries_of_a_card(held_out, excluded):
    info = small_table({0.1: [0.2]}, task="digits-cnn", family="digits").info
    assert HoldOut.parse(held_out).excludes(info) == excluded
    assert HoldOut.parse(held_out).excludes(DIGITS) == excluded


def test_a_leak_is_named():
    tables = [small_table({0.1: [0.2]}, task=f"{name}-cnn", family=name) for name in "abc"]
    sources = describe_sources(tables)
    assert sources[0] == {"task": "a-cnn", "family": "a", "architecture": "cnn", "rows": 1}
    for held_out in (HoldOut("family", "d"), HoldOut("architecture", "rnn"), NOTHING, SHIPPED):
        held_out.check(sources)
    message = (
        "leak: family 'b' is held out, but the meta-encoder learns from b-cnn; pretrain it "
        "without them"
    )
    with pytest.raises(ProbecastError, match=f"^{re.escape(message)}$"):
        HoldOut("family", "b").check(sources)
    with pytest.raises(ProbecastError, match="learns from a-cnn, b-cnn, c-cnn; pretrain"):
        HoldOut("architecture", "cnn").check(sources)
