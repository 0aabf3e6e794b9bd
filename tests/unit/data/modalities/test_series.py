import numpy as np
import pandas as pd
import pytest
import torch
from datasets import Dataset

from kit.raw_folders import SOURCES, hours, real_dataset, series, settings, toy_raw, write_raw
from probecast.data.modalities.series import HORIZON, prepare, seasonal_naive_mse
from probecast.errors import ProbecastError

START = "2024-01-01"
HOURLY = (168, 24)  # steps of a week and a day


def run(raw, **values):
    return prepare(raw, SOURCES["series"], settings(**{"val_rows": 1000, **values}))


def counting_raw(folder, train=240, test=72, gap=0):
    """One client whose load is the number of the hour, so that windows show their place."""
    times = hours(START, train + gap + test)
    count = np.arange(len(times), dtype=float)
    return write_raw(
        folder,
        train=series(times[:train], clock=count[:train]),
        test=series(times[train + gap :], clock=count[train + gap :]),
    )


def hours_of(prepared, split, train_hours):
    """Undo the scaling: the hours of the inputs (B, T) and of the targets (B, 24)."""
    fitted = np.arange(train_hours)
    tensors = prepared.tensors[split]
    return tuple(
        (x * fitted.std() + fitted.mean()).round().int()
        for x in (tensors["inputs"][..., 0], tensors["targets"])
    )


def test_every_predicted_hour_belongs_to_one_split_and_train_sees_none_of_the_others(tmp_path):
    prepared = run(counting_raw(tmp_path))  # val: the last fifth, from hour 192
    seen = {split: hours_of(prepared, split, 192) for split in ("train", "val", "test")}
    assert torch.cat(seen["train"], dim=1).max() == 191
    assert sorted(set(seen["val"][1].flatten().tolist())) == list(range(192, 240))
    assert sorted(set(seen["test"][1].flatten().tolist())) == list(range(240, 312))


def test_the_history_of_the_first_windows_may_lie_before_the_split(tmp_path):
    prepared = run(counting_raw(tmp_path))
    inputs, _ = hours_of(prepared, "test", 192)
    assert inputs.min() == 240 - 48


def test_a_target_follows_its_input_without_a_gap(tmp_path):
    inputs, targets = hours_of(run(counting_raw(tmp_path)), "train", 192)
    assert inputs.shape[1] == 48 and targets.shape[1] == HORIZON
    assert (targets[:, 0] == inputs[:, -1] + 1).all()
    assert (torch.cat([inputs, targets], dim=1).diff(dim=1) == 1).all()


def test_no_window_crosses_a_gap_in_time(tmp_path):
    prepared = run(counting_raw(tmp_path, gap=5, test=80))
    inputs, _ = hours_of(prepared, "test", 192)
    assert inputs.min() == 245  # the first hour after the gap


def test_calendar_features_follow_the_clock(tmp_path):
    prepared = run(counting_raw(tmp_path, train=480))  # val: the last fifth, from hour 384
    loads, _ = hours_of(prepared, "train", 384)
    calendar = prepared.tensors["train"]["inputs"][..., 1:]
    angle = 2 * np.pi * loads / 24  # hour 0 is midnight
    assert torch.allclose(calendar[..., 0], angle.sin(), atol=1e-5)
    assert torch.allclose(calendar[..., 1], angle.cos(), atol=1e-5)
    weekday = torch.atan2(calendar[..., 2], calendar[..., 3])
    days = loads // 24
    assert torch.allclose(weekday[days == 0], weekday[days == 7][0], atol=1e-5)
    assert len(weekday.mul(1000).round().unique()) == 7


def test_every_client_is_scaled_by_its_own_training_hours(tmp_path):
    prepared = run(toy_raw(tmp_path, "series"))
    loads = prepared.tensors["train"]["inputs"][..., 0]
    assert loads.mean().item() == pytest.approx(0, abs=0.05)
    assert loads.std().item() == pytest.approx(1, abs=0.05)


def test_the_hours_of_val_and_test_do_not_move_the_scaling(tmp_path):
    times = hours(START, 312)
    load = np.sin(np.arange(312))
    changed = np.where(np.arange(312) < 192, load, 100 + 5 * load)
    first, second = (
        run(
            write_raw(
                tmp_path,
                train=series(times[:240], a=of[:240]),
                test=series(times[240:], a=of[240:]),
            )
        )
        for of in (load, changed)
    )
    for name in ("inputs", "targets"):
        assert first.tensors["train"][name].equal(second.tensors["train"][name])
    assert second.tensors["test"]["targets"].mean() > 50


def test_constant_clients_are_dropped_and_named(tmp_path):
    times = hours(START, 312)
    rng = np.random.default_rng(0)
    loads = {
        "varying": rng.random(312),
        "zero": np.zeros(312),
        "late": np.where(np.arange(312) < 250, 3.0, 4.0),  # varies in test only
    }
    raw = write_raw(
        tmp_path,
        train=series(times[:240], **{name: load[:240] for name, load in loads.items()}),
        test=series(times[240:], **{name: load[240:] for name, load in loads.items()}),
    )
    prepared = run(raw)
    assert prepared.notes["dropped_constant_clients"] == ["zero", "late"]
    assert prepared.notes["clients"] == 1
    assert all(x.isfinite().all() for x in prepared.tensors["test"].values())


def test_windows_are_drawn_by_seed_from_all_clients(tmp_path):
    raw = toy_raw(tmp_path, "series")
    few, many = (run(raw, train_rows=n).tensors["train"]["inputs"] for n in (8, 20))
    other = run(raw, train_rows=8, seed=1).tensors["train"]["inputs"]
    assert few.shape == (8, 48, 5)
    assert few.equal(many[:8])
    assert not few.equal(other)


def test_a_raw_validation_split_is_used(tmp_path):
    times = hours(START, 312)
    load = np.arange(312, dtype=float)
    parts = {"train": slice(0, 192), "val": slice(192, 240), "test": slice(240, 312)}
    raw = write_raw(
        tmp_path, **{name: series(times[part], a=load[part]) for name, part in parts.items()}
    )
    _, targets = hours_of(run(raw), "val", 192)
    assert (targets.min(), targets.max()) == (192, 239)


@pytest.mark.parametrize(("length", "period"), [(24, 24), (48, 24), (168, 168)])
def test_the_floor_is_zero_for_a_load_that_repeats_itself(length, period):
    load = torch.randn(period, generator=torch.Generator().manual_seed(0)).repeat(3)
    window = load.unfold(0, length + 24, 1)  # (B, T + 24)
    assert seasonal_naive_mse(window[:, :length, None], window[:, length:], HOURLY) == 0


def test_the_floor_of_a_short_window_is_persistence():
    inputs = torch.tensor([[[5.0], [2.0]]])
    assert seasonal_naive_mse(inputs, torch.full((1, 24), 4.0), HOURLY) == 4


def test_floors_are_those_of_their_own_split(tmp_path):
    times = hours(START, 312)
    day = np.sin(2 * np.pi * np.arange(312) / 24)
    day[240:] += np.arange(72) / 24  # test drifts by one a day
    raw = write_raw(
        tmp_path, train=series(times[:240], a=day[:240]), test=series(times[240:], a=day[240:])
    )
    floor = run(raw).floor
    assert floor["val"] == pytest.approx(0, abs=1e-9)
    assert floor["test"] > 0.1


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_named_by_client_and_time(tmp_path, value):
    times, load = hours(START, 240), np.arange(240, dtype=float)
    load[[30, 99]] = value
    raw = counting_raw(tmp_path)
    write_raw(raw, train=series(times, clock=load))
    with pytest.raises(
        ProbecastError, match=r"train\.parquet: client 'clock' is (nan|inf) at 2024-01-02T06.* 2 "
    ):
        run(raw)


def test_test_must_follow_train(tmp_path):
    raw = counting_raw(tmp_path)
    write_raw(raw, test=series(hours("2024-01-05", 72), clock=np.arange(72)))
    with pytest.raises(ProbecastError, match=r"test\.parquet: begins at 2024-01-05.*in time"):
        run(raw)


def test_time_must_increase(tmp_path):
    raw = counting_raw(tmp_path)
    times = hours(START, 240)
    times[9] = times[8]
    write_raw(raw, train=series(times, clock=np.arange(240)))
    with pytest.raises(ProbecastError, match=r"train\.parquet, row 9, column 'timestamp'"):
        run(raw)


def test_a_client_that_one_split_lacks_is_named(tmp_path):
    raw = counting_raw(tmp_path)
    write_raw(raw, test=series(hours("2024-01-11", 72), watch=np.arange(72)))
    with pytest.raises(ProbecastError, match=r"test\.parquet: columns \['clock', 'watch'\]"):
        run(raw)


def test_a_column_that_is_no_load_is_named(tmp_path):
    raw = counting_raw(tmp_path)
    data = Dataset.from_parquet(str(raw / "train.parquet"), cache_dir=str(tmp_path / "cache"))
    write_raw(raw, train=data.add_column("place", ["here"] * 240))
    test = series(hours("2024-01-11", 72), clock=np.arange(72))
    write_raw(raw, test=test.add_column("place", ["here"] * 72))
    with pytest.raises(ProbecastError, match="column 'place' is of type string"):
        run(raw)


def test_timestamps_must_be_timestamps(tmp_path):
    data = Dataset.from_dict({"timestamp": ["monday"] * 9, "a": [1.0] * 9})
    with pytest.raises(ProbecastError, match="column 'timestamp' is of type string"):
        run(write_raw(tmp_path, train=data, test=data))


@pytest.mark.parametrize(
    ("sizes", "split"), [((20, 72), "train"), ((60, 72), "train"), ((240, 20), "test")]
)
def test_a_split_too_short_for_a_window_is_named(tmp_path, sizes, split):
    raw = counting_raw(tmp_path, *sizes)
    with pytest.raises(ProbecastError, match=rf"no window of 48 \+ 24 rows.*{split} split"):
        run(raw)


def test_clients_that_never_vary_are_refused(tmp_path):
    times = hours(START, 312)
    raw = write_raw(
        tmp_path,
        train=series(times[:240], a=np.ones(240)),
        test=series(times[240:], a=np.ones(72)),
    )
    with pytest.raises(ProbecastError, match="none of the 1 clients varies"):
        run(raw)


def test_a_real_slice_of_four_weeks_has_room_for_validation(tmp_path):
    folder = real_dataset("electricity_load_diagrams")
    for split in ("train", "test"):
        (tmp_path / f"{split}.parquet").symlink_to(folder / f"{split}-00000-of-00001.parquet")
    prepared = run(tmp_path, train_rows=50, val_rows=20, test_rows=20)
    assert prepared.notes["clients"] == 320
    assert prepared.notes["target_times"]["test"][0] == "2014-12-25T00:00:00"
    assert 0.1 < prepared.floor["val"] < 3


@pytest.mark.parametrize(("step", "season"), [("1 day", 7), ("15 minutes", 96), ("1 hour", 24)])
def test_series_may_have_any_even_step(tmp_path, step, season):
    """A load that repeats by the season of its step is forecast without error by the floor."""
    count = 8 * season + 240
    times = pd.date_range(START, periods=count, freq=pd.Timedelta(step)).to_numpy()
    load = np.random.default_rng(0).random(season)[np.arange(count) % season]
    border = count - season - 80
    raw = write_raw(
        tmp_path,
        train=series(times[:border], a=load[:border]),
        test=series(times[border:], a=load[border:]),
    )
    prepared = run(raw, sequence_length=max(season, 48) if season != 24 else 24)
    assert prepared.floor["test"] == pytest.approx(0, abs=1e-9)
    assert len(prepared.tensors["test"]["inputs"]) == count - border - HORIZON + 1


def test_uneven_times_are_told_with_the_step_that_was_expected(tmp_path):
    times = np.sort(np.random.default_rng(0).choice(hours(START, 600), 400, replace=False))
    load = np.arange(400.0)
    raw = write_raw(
        tmp_path, train=series(times[:300], a=load[:300]), test=series(times[300:], a=load[300:])
    )
    with pytest.raises(ProbecastError, match="one every 1:00:00.*more rows at even steps of time"):
        run(raw)


@pytest.mark.parametrize(("frequency", "season"), [("B", 5), ("MS", 12), ("QE", 4), ("W-FRI", 1)])
def test_windows_follow_the_calendar_and_have_no_gap_in_it(tmp_path, frequency, season):
    times = pd.date_range(START, periods=241, freq=frequency).delete(200).to_numpy()
    load = np.random.default_rng(0).random(season + 1)[np.arange(240) % season]
    load += np.arange(240) * (season == 1)
    raw = write_raw(
        tmp_path, train=series(times[:160], a=load[:160]), test=series(times[160:], a=load[160:])
    )
    prepared = run(raw, sequence_length=12)
    assert len(prepared.tensors["train"]["inputs"]) == 128 - 12 - HORIZON + 1
    gap = 12 + HORIZON - 1  # so many windows would have it inside
    assert len(prepared.tensors["test"]["inputs"]) == 80 - HORIZON + 1 - gap
    assert season == 1 or prepared.floor["val"] == pytest.approx(0, abs=1e-9)


def test_months_are_told_by_the_month_of_the_year(tmp_path):
    times = pd.date_range("1990-01-31", periods=300, freq="ME").to_numpy()
    load = np.arange(300.0)
    raw = write_raw(
        tmp_path, train=series(times[:200], a=load[:200]), test=series(times[200:], a=load[200:])
    )
    prepared = run(raw, sequence_length=12)
    loads, _ = hours_of(prepared, "train", 160)
    calendar = prepared.tensors["train"]["inputs"][..., 1:]
    month = 2 * np.pi * (loads % 12) / 12
    assert torch.allclose(calendar[..., 0], month.sin(), atol=1e-5)
    assert torch.allclose(calendar[..., 1], month.cos(), atol=1e-5)
    assert not calendar[..., 2:].any()
