# in:  everything that was found out, and the data's descriptions
# out: results/report/index.html: one self-contained page


rule report:
    input:
        unpack(outcomes),
        evaluate=rules.evaluate.output,
        specs=layout.specs(map(dataset_of, study.tasks)),
        template=multiext(
            str(ROOT / "workflow/probecast/report/page"), ".html", ".css", ".js"
        ),
    output:
        report(
            layout.REPORT,
            category="Results",
            labels={"table": "the page"},
            caption="../report/page.rst",
        ),
    log:
        "results/logs/report.log",
    benchmark:
        "results/benchmarks/report.tsv"
    conda:
        "../../envs/report.yaml"
    resources:
        **SMALL,
    params:
        study_name=" + ".join(Path(file).name for file in STUDY_FILES),
        study_file=yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False),
        seed=study.seed,
        space_sizes=space_sizes,
        candidates=study.probe.candidates,
        methods=study.baselines.methods or DEFAULT,
        code=code_of("report"),
    script:
        "../scripts/report.py"
