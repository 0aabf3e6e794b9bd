"""Rule report: one page that shows what was found."""

from pathlib import Path

from probecast.console import logger, stage
from probecast.data.spec import DataSpec
from probecast.evaluation.answer import in_words
from probecast.evaluation.headline import read_headline
from probecast.evaluation.results import read_tasks
from probecast.files import read_csv
from probecast.report.page import write_report
from probecast.report.provenance import code_sha256, package_versions

with stage(snakemake.log[0]):
    params, evaluated = snakemake.params, Path(snakemake.input.evaluate[0]).parent
    names = ("scores", "summary", "calibration", "importance", "architectures")
    tables = {name: read_csv(evaluated / f"{name}.csv") for name in names}
    write_report(
        snakemake.output[0],
        study={
            "study file": params.study_name,
            "seed": params.seed,
            "hash of the code": code_sha256(),
            "packages": package_versions(),
        },
        study_file=params.study_file,
        headline=read_headline(evaluated / "headline.json"),
        **tables,
        tasks=read_tasks(params.space_sizes, params.candidates, snakemake.input),
        methods=params.methods,
        specs=[DataSpec.read(path) for path in snakemake.input.specs],
        seed=params.seed,
    )
    logger.info("%s\nReport: %s", in_words(tables["scores"]), Path(snakemake.output[0]).resolve())
