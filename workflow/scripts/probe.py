"""Rule probe: run a few short trials on the target, each chosen by what the last ones showed."""

from pathlib import Path

from probecast.console import stage
from probecast.meta.encoder import MetaEncoder
from probecast.meta.settings import ProbeSettings
from probecast.space import Space
from probecast.training.journal import Journal
from probecast.training.loop import prepare_process
from probecast.training.probing import probe
from probecast.training.runner import TrialRunner, fingerprint
from probecast.training.settings import TrainingSettings
from probecast.tuners.tuner import Problem

with stage(snakemake.log[0]):
    prepare_process()
    params, data = snakemake.params, snakemake.input.data
    settings = TrainingSettings(**params.training)
    mark = fingerprint([*data, snakemake.input.encoder], settings, params.code)
    journal = Journal(params.journal, mark)
    runner = TrialRunner(snakemake.wildcards.task, Path(data[0]).parent, settings, journal)
    problem = Problem.of_target(
        runner.info,
        Space.model_validate(params.space),
        ProbeSettings(**params.settings),
        MetaEncoder.read(Path(snakemake.input.encoder).parent),
        params.seed,
    )
    probe(runner, problem, params.seed).write(snakemake.output[0])
    journal.delete()
