"""Rule plan: say what the study will train, and what that costs, before it is trained."""

from probecast.console import logger, stage
from probecast.data.spec import DataSpec
from probecast.files import write_text
from probecast.study.model import Study
from probecast.study.plan import in_words, plan

with stage(snakemake.log[0]):
    study = Study.model_validate(snakemake.params.study)
    specs = [DataSpec.read(path) for path in snakemake.input]
    table = plan(study, {spec.dataset: spec for spec in specs})
    write_text(snakemake.output[0], table.to_csv(index=False))
    logger.info(in_words(study.name, table))
