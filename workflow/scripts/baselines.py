"""Rule baselines: replay every tuner on the task's sweep, at every total cost."""

from pathlib import Path

from probecast.console import stage
from probecast.evaluation.replay import ladder, replay
from probecast.files import atomic_path
from probecast.meta.encoder import MetaEncoder
from probecast.training.process import prepare_process
from probecast.trials import read_sweeps

with stage(snakemake.log[0]):
    prepare_process()
    params = snakemake.params
    (table,) = read_sweeps(snakemake.input.sweep)
    size = table.frame["config_id"].nunique()
    baselines = replay(
        table,
        tuple(read_sweeps(snakemake.input.sources)),
        MetaEncoder.read(Path(snakemake.input.encoder).parent),
        params.methods,
        sorted({*ladder(size), min(params.cost, float(size))}),
        params.repetitions,
        params.seed,
    )
    with atomic_path(snakemake.output[0]) as temporary:
        baselines.to_parquet(temporary, index=False)
