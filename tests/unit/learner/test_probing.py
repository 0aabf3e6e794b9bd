import pytest

from kit.synthetic import quick_encoder
from kit.toy_data import SPECS, configuration, splits
from probecast.data.spec import write_tensors
from probecast.learner.probing import probe
from probecast.learner.recommend import recommend
from probecast.training.journal import Journal
from probecast.training.runner import TrialRunner
from probecast.training.settings import TrainingSettings
from probecast.tuning.protocol import Problem

CANDIDATES = [configuration(learning_rate=rate) for rate in (0.001, 0.003, 0.01, 0.03, 0.1)]
EPOCHS = 4


@pytest.mark.parametrize("resumable", [True, False])
def test_real_probes_leave_a_recommendation_that_can_be_paid_for(tmp_path, resumable):
    SPECS["images"].write(tmp_path / "spec.json")
    for name, tensors in splits(SPECS["images"]).items():
        write_tensors(tmp_path / f"{name}.safetensors", tensors)
    journal = Journal(tmp_path / "journal.jsonl", "mark")
    runner = TrialRunner("images-cnn", tmp_path, TrainingSettings(epochs=EPOCHS), journal)
    encoder = quick_encoder()
    problem = Problem(runner.info, CANDIDATES, 2.5, encoder=encoder, resumable=resumable)
    probes = probe(runner, problem, seed=0)
    result = recommend(problem, probes)
    assert result.configuration in [trial.configuration for trial in result.probes]
    assert result.probe_cost.full_runs + result.training_cost.full_runs <= 2.5
    if not resumable:
        assert result.training_cost.epochs in (0, EPOCHS)
