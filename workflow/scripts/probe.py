"""Rule probe: run a few short trials on the target, each chosen by what the last ones showed."""

from pathlib import Path

from probecast.console import stage
from probecast.learner.encoder import MetaEncoder
from probecast.learner.probing import probe
from probecast.space import Space
from probecast.training.process import prepare_process
from probecast.training.runner import open_runner
from probecast.training.settings import TrainingSettings
from probecast.tuning.protocol import Problem
from probecast.tuning.settings import ProbeSettings

with stage(snakemake.log[0]):
    prepare_process()
    params = snakemake.params
    encoder = MetaEncoder.read(Path(snakemake.input.encoder).parent)
    runner = open_runner(
        snakemake.wildcards.task,
        snakemake.input.data,
        TrainingSettings(**params.training),
        params.journal,
        depends_on=[params.code, encoder.hash],
        architecture=params.network,
    )
    problem = Problem.of_target(
        runner.info,
        Space.model_validate(params.space),
        ProbeSettings(**params.settings),
        encoder,
        params.seed,
        params.default,
        params.by_hand,
    )
    runner.try_out(problem.candidates)
    probe(runner, problem, params.seed).write(snakemake.output[0])
