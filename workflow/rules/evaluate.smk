# in:  of every task: the recommendation, the baselines, the sweep, probes, choices, final
# out: results/evaluate/{scores.csv,summary.csv,headline.json}
#      results/evaluate/calibration.csv: whether our beliefs about recommendations are as sure as
#      they should be
#      results/evaluate/importance.csv: which hyperparameters matter
#      results/evaluate/architectures.csv: what is lost without a source of the same architecture


rule evaluate:
    input:
        unpack(outcomes),
    output:
        scores=report(
            "results/evaluate/scores.csv",
            category="Results",
            labels={"table": "per task and choice"},
            caption="../report/scores.rst",
        ),
        summary=report(
            "results/evaluate/summary.csv",
            category="Results",
            labels={"table": "per choice, over tasks"},
            caption="../report/summary.rst",
        ),
        headline=report(
            "results/evaluate/headline.json",
            category="Results",
            labels={"table": "headline"},
            caption="../report/headline.rst",
        ),
        calibration=report(
            "results/evaluate/calibration.csv",
            category="Results",
            labels={"table": "calibration of the beliefs"},
            caption="../report/calibration.rst",
        ),
        importance=report(
            "results/evaluate/importance.csv",
            category="Results",
            labels={"table": "which hyperparameters matter"},
            caption="../report/importance.rst",
        ),
        architectures=report(
            "results/evaluate/architectures.csv",
            category="Results",
            labels={"table": "leave one architecture out"},
            caption="../report/architectures.rst",
        ),
    log:
        "results/logs/evaluate.log",
    benchmark:
        "results/benchmarks/evaluate.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **SMALL,
    params:
        study=study.name,
        space_sizes=space_sizes,
        candidates=study.probe.candidates,
        seed=study.seed,
        code=code_of("evaluate"),
    script:
        "../scripts/evaluate.py"
