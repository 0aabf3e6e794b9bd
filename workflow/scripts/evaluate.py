"""Rule evaluate: score every choice of every task, and sum the study up."""

from probecast.console import stage
from probecast.evaluation.results import read_tasks
from probecast.evaluation.scores import score
from probecast.files import write_json, write_text

with stage(snakemake.log[0]):
    tasks = read_tasks(snakemake.params.space_sizes, snakemake.input)
    scores, summary, headline = score(tasks, snakemake.params.study, snakemake.params.seed)
    write_text(snakemake.output.scores, scores.to_csv(index=False))
    write_text(snakemake.output.summary, summary.to_csv(index=False))
    write_json(snakemake.output.headline, headline)
