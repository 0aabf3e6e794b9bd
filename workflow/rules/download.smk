# in:  the Hub, a mirror, an archive, an embedded generator, or a user's own files
# out: results/data/<dataset>/raw/{train,test}.parquet, source.json
#      results/data/<dataset>.lock.json beside them (outside `output:`): later downloads must match


rule download:
    input:
        own_files,
    output:
        "results/data/{dataset}/raw/train.parquet",
        "results/data/{dataset}/raw/test.parquet",
        "results/data/{dataset}/raw/source.json",
    log:
        "results/logs/download/{dataset}.log",
    benchmark:
        "results/benchmarks/download/{dataset}.tsv"
    conda:
        "../../envs/data.yaml"
    resources:
        **SMALL,
    params:
        settings=lambda w: study.download_settings(w.dataset).model_dump(mode="json"),
        state=asks(lambda w: layout.own_state(study, w.dataset)),
        lock="results/data/{dataset}.lock.json",
        code=lambda w: code_of("download", source_module(study, w.dataset)),
    script:
        "../scripts/download.py"
