# in:  the task's data, another dataset's test split, results/predictions/<task>.json
# out: results/finetune/training_config.py: the recommendation, for a script with transformers
#      results/finetune/runs/<settings>.csv: models trained with it, or with settings by hand
#      results/finetune/runs.csv: all of them
#      results/finetune/comparison.csv, .md, .svg: means over seeds, intervals, costs
#      results/journals/ (outside `output:`): finished models survive a kill


if study.finetuning:

    rule training_config:
        input:
            layout.PREDICTION.format(task=study.finetuning.task),
        output:
            report(
                layout.TRAINING_CONFIG,
                category="Fine-tuning",
                labels={"what": "settings to import"},
            ),
        log:
            "results/logs/training_config.log",
        conda:
            "../../envs/train.yaml"
        resources:
            **SMALL,
        params:
            task=study.finetuning.task,
            training=study.training_of(study.finetuning.task).model_dump(mode="json"),
            code=code_of("training_config"),
        script:
            "../scripts/training_config.py"

    rule finetune:
        input:
            data=layout.task_data(study, study.finetuning.task),
            other=layout.data(study.finetuning.also_on),
            prediction=lambda w: (
                layout.PREDICTION.format(task=study.finetuning.task)
                if w.settings == "predicted"
                else []
            ),
        output:
            layout.FINETUNED,
        log:
            "results/logs/finetune/{settings}.log",
        benchmark:
            "results/benchmarks/finetune/{settings}.tsv"
        conda:
            "../../envs/train.yaml"
        resources:
            **{**TRAINING, "gpu": study.gpus(study.finetuning.task)},
        params:
            finetuning=study.finetuning.model_dump(mode="json"),
            training=study.training_of(study.finetuning.task).model_dump(mode="json"),
            seeds=study.final_seeds,
            journal="results/journals/finetune/{settings}.jsonl",
            code=code_of("finetune", module_name("finetune")),
        script:
            "../scripts/finetune.py"

    rule compare:
        input:
            runs=expand(layout.FINETUNED, settings=study.finetuning.names),
            prediction=layout.PREDICTION.format(task=study.finetuning.task),
            card=layout.card(hold_out("family", study.finetuning.task)),
            specs=layout.specs(
                [dataset_of(study.finetuning.task), study.finetuning.also_on]
            ),
        output:
            runs="results/finetune/runs.csv",
            summary="results/finetune/comparison.csv",
            page=layout.COMPARISON,
            figure=report(
                "results/finetune/comparison.svg",
                category="Fine-tuning",
                labels={"what": "accuracy by settings"},
                caption="../report/finetuning.rst",
            ),
        log:
            "results/logs/compare.log",
        benchmark:
            "results/benchmarks/compare.tsv"
        conda:
            "../../envs/report.yaml"
        resources:
            **SMALL,
        params:
            finetuning=study.finetuning.model_dump(mode="json"),
            code=code_of("compare"),
        script:
            "../scripts/compare.py"
