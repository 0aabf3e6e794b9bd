"""Rule predict: say what to train the task with, how sure that is, and what it costs."""

from pathlib import Path

from probecast.console import logger, stage
from probecast.learner.encoder import MetaEncoder
from probecast.learner.recommend import recommend
from probecast.learner.recommendation import in_words
from probecast.space import Space
from probecast.training.settings import TrainingSettings
from probecast.trials import read_table
from probecast.tuning.protocol import Problem
from probecast.tuning.settings import ProbeSettings

with stage(snakemake.log[0]):
    probes = read_table(snakemake.input.probe)
    problem = Problem.of_target(
        probes.info,
        Space.model_validate(snakemake.params.space),
        ProbeSettings(**snakemake.params.settings),
        MetaEncoder.read(Path(snakemake.input.encoder).parent),
        snakemake.params.seed,
        snakemake.params.default,
        snakemake.params.by_hand,
    )
    training = TrainingSettings(**snakemake.params.training)
    result = recommend(problem, probes, training)
    result.write(snakemake.output[0])
    logger.info(in_words(problem.info, result))
