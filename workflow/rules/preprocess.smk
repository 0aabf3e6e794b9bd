# in:  results/data/<dataset>/raw/
# out: results/data/<dataset>/{train,val,test}.safetensors, spec.json


rule preprocess:
    input:
        rules.download.output,
        # When a download is refused, Snakemake removes the raw files and would look no further.
        own_files,
    output:
        layout.DATA,
    log:
        "results/logs/preprocess/{dataset}.log",
    benchmark:
        "results/benchmarks/preprocess/{dataset}.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        **SMALL,
    params:
        settings=lambda w: study.preprocess_settings(w.dataset).model_dump(mode="json"),
        code=lambda w: code_of(
            "preprocess",
            source_module(study, w.dataset),
            MODALITIES[study.source_of(w.dataset).modality],
        ),
    script:
        "../scripts/preprocess.py"
