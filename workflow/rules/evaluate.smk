# in:  of every task: the recommendation, the baselines, the sweep, probes, choices, final
# out: results/evaluate/{scores.csv,summary.csv,headline.json}


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
    log:
        "results/logs/evaluate.log",
    benchmark:
        "results/benchmarks/evaluate.tsv"
    conda:
        "../../envs/report.yaml"
    params:
        study=study.name,
        space_sizes=space_sizes,
        seed=study.seed,
        code=code_hash("probecast.evaluation.scores"),
    script:
        "../scripts/evaluate.py"
