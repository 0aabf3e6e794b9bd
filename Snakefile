"""probecast: predict good hyperparameters from a few short probes, and prove it.

The study, as a table of contents. Each chapter is one rule file and reads only what
earlier chapters wrote:

    download -> preprocess -+-> sweep -+-> pretrain -> probe -> predict --+
                            |          +-> baselines ---------------------+-> train
                            +-> probe                                     -> evaluate -> report
    one's own past runs -> history -> pretrain
    predict -> finetune: the recommendation beside settings by hand, where a study names some
    a table of many tasks from elsewhere -> replay
    a network of the user's own -> network (a check), before sweep and probe
"""

from snakemake.utils import min_version

min_version("9.27")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


rule all:
    default_target: True
    input:
        layout.targets(study),
    localrule: True


include: "workflow/rules/download.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/plan.smk"
include: "workflow/rules/network.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/history.smk"
include: "workflow/rules/pretrain.smk"
include: "workflow/rules/probe.smk"
include: "workflow/rules/predict.smk"
include: "workflow/rules/baselines.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/finetune.smk"
include: "workflow/rules/replay.smk"
