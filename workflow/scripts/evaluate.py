"""Rule evaluate: score every choice of every task, and sum the study up."""

from probecast.console import stage
from probecast.evaluation.architectures import leave_one_architecture_out
from probecast.evaluation.calibration import calibration
from probecast.evaluation.importance import importance
from probecast.evaluation.results import read_tasks, study_beliefs
from probecast.evaluation.scores import score
from probecast.files import write_text

with stage(snakemake.log[0]):
    params, output = snakemake.params, snakemake.output
    tasks = read_tasks(params.space_sizes, params.candidates, snakemake.input)
    scores, summary, headline = score(tasks, params.study, params.seed)
    for path, frame in (
        (output.scores, scores),
        (output.summary, summary),
        (output.calibration, calibration(study_beliefs(tasks))),
        (output.importance, importance(tasks, params.seed)),
        (output.architectures, leave_one_architecture_out(tasks)),
    ):
        write_text(path, frame.to_csv(index=False))
    headline.write(output.headline)
