import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from probecast.data.sources import get_source
from probecast.data.sources.load import CLIENTS, TEST_HOURS, TRAIN_HOURS, lasting_noise


def make(name: str) -> dict[str, pd.DataFrame]:
    splits = get_source(name).generate({"train": 1, "test": 1}, 0)
    return {split: table.to_pandas().set_index("timestamp") for split, table in splits.items()}


@pytest.fixture(scope="module", params=["load", "load_summer"])
def tables(request: pytest.FixtureRequest) -> dict[str, pd.DataFrame]:
    return make(request.param)


def test_every_hour_once_train_before_test(tables: dict[str, pd.DataFrame]) -> None:
    hours = tables["train"].index.append(tables["test"].index)
    assert len(hours) == TRAIN_HOURS + TEST_HOURS
    assert (np.diff(hours) == pd.Timedelta(hours=1)).all()


def test_clients_draw_positive_finite_loads(tables: dict[str, pd.DataFrame]) -> None:
    for table in tables.values():
        assert table.shape[1] == CLIENTS
        assert (table.dtypes == np.float32).all()
        assert np.isfinite(table.to_numpy()).all()
        assert (table.to_numpy() > 0).all()


def test_an_office_rests_at_night_and_on_sundays(tables: dict[str, pd.DataFrame]) -> None:
    office = tables["train"]["client_01"]
    day = office[office.index.hour == 11]
    assert day.mean() > 1.5 * office[office.index.hour == 2].mean()
    assert day[day.index.day_of_week < 5].mean() > 1.5 * day[day.index.day_of_week == 6].mean()


def test_seasonal_naive_can_be_beaten_but_not_by_far(tables: dict[str, pd.DataFrame]) -> None:
    """Two days of history, the next day to forecast, as networks will see it."""
    mean, std = tables["train"].mean(), tables["train"].std()

    def windows(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        scaled = ((table - mean) / std).to_numpy()
        cut = np.lib.stride_tricks.sliding_window_view(scaled, 72, axis=0).reshape(-1, 72)
        return cut[:, :48], cut[:, 48:]

    history, future = windows(tables["train"])
    test_history, test_future = windows(tables["test"])
    naive = np.mean((test_future - test_history[:, -24:]) ** 2)
    model = Ridge().fit(history[::20], future[::20])
    learned = np.mean((test_future - model.predict(test_history)) ** 2)
    assert 0.4 * naive < learned < 0.85 * naive


def test_in_summer_the_test_weeks_are_like_those_of_training() -> None:
    """In standard deviations of training, averaged over clients; those of ``load`` differ."""
    shift, spread = {}, {}
    for name in ("load", "load_summer"):
        splits = make(name)
        mean, std = splits["train"].mean(), splits["train"].std()
        shift[name] = ((splits["test"].mean() - mean) / std).mean()
        spread[name] = (splits["test"].std() / std).mean()
    assert shift["load"] < -0.1 and abs(shift["load_summer"]) < 0.1
    assert spread["load"] < 0.95 and abs(spread["load_summer"] - 1) < 0.05


def test_noise_lasts_as_long_as_told() -> None:
    noise = lasting_noise(np.random.default_rng(0), (20_000, 2), hold=0.8)
    assert np.std(noise, axis=0) == pytest.approx([1, 1], abs=0.05)
    assert np.corrcoef(noise[:-1, 0], noise[1:, 0])[0, 1] == pytest.approx(0.8, abs=0.02)
