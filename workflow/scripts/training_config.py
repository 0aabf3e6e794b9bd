"""Rule training_config: write the recommendation as a file that a training script imports."""

from probecast.console import stage
from probecast.files import write_text
from probecast.finetuning.training_config import training_config
from probecast.learner.recommendation import read_recommendation
from probecast.training.settings import TrainingSettings
from probecast.training.trainer_arguments import lora_of, training_arguments

with stage(snakemake.log[0]):
    configuration = read_recommendation(snakemake.input[0]).configuration
    training = TrainingSettings(**snakemake.params.training)
    arguments, other = training_arguments(configuration, training)
    task = snakemake.wildcards.task
    text = training_config(task, arguments, other, lora_of(configuration))
    write_text(snakemake.output[0], text)
