"""Rule network: try out a network of the user's own, before anything is trained."""

from probecast.console import stage
from probecast.data.spec import DataSpec
from probecast.files import write_json
from probecast.training.check import check_network
from probecast.training.process import prepare_process
from probecast.training.settings import TrainingSettings

with stage(snakemake.log[0]):
    prepare_process()
    params = snakemake.params
    checked = check_network(
        params.network,
        DataSpec.read(snakemake.input[0]),
        params.configurations,
        TrainingSettings(**params.training),
    )
    write_json(snakemake.output[0], checked)
