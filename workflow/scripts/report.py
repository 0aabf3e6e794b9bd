"""Rule report: one page that shows what was found."""

from pathlib import Path

import pandas as pd

from probecast.console import logger, stage
from probecast.data.spec import DataSpec
from probecast.evaluation.headline import in_words
from probecast.evaluation.results import read_tasks
from probecast.files import read_json
from probecast.report.page import write_report
from probecast.report.provenance import package_versions

with stage(snakemake.log[0]):
    scores, summary, headline_file = snakemake.input.evaluate
    headline = read_json(headline_file)
    write_report(
        snakemake.output[0],
        study={
            "study file": snakemake.params.study_file,
            "seed": snakemake.params.seed,
            "code hash of this page": snakemake.params.code,
            "packages": package_versions(),
        },
        headline=headline,
        scores=pd.read_csv(scores),
        summary=pd.read_csv(summary),
        tasks=read_tasks(snakemake.params.space_sizes, snakemake.input),
        specs=[DataSpec.read(path) for path in snakemake.input.specs],
        seed=snakemake.params.seed,
    )
    logger.info("%s\nReport: %s", in_words(headline), Path(snakemake.output[0]).resolve())
