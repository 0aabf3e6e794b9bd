"""Rule training_config: write the recommendation as a file that a training script imports."""

from probecast.console import stage
from probecast.files import write_text
from probecast.finetuning.training_config import training_config
from probecast.learner.recommendation import read_recommendation
from probecast.training.settings import TrainingSettings
from probecast.training.trainer_arguments import training_arguments

with stage(snakemake.log[0]):
    arguments, other = training_arguments(
        read_recommendation(snakemake.input[0]).configuration,
        TrainingSettings(**snakemake.params.training),
    )
    text = training_config(snakemake.params.task, arguments, other)
    write_text(snakemake.output[0], text)
