# in:  the tasks' data, results/predictions/<task>.json
# out: results/finetune/<task>/training_config.py: the recommendation, for a script with transformers
#      results/finetune/<task>/<settings>.csv: models trained with it, or with other settings, each
#      evaluated on the datasets of all tasks
#      results/finetune/runs.csv: all of them
#      results/finetune/comparison.csv, against.csv, .md, .svg: means over seeds, intervals, costs,
#      and how often the prediction is worse
#      results/journals/ (outside `output:`): finished models survive a kill


if study.finetuning:
    predictions = expand(layout.PREDICTION, task=study.finetuning.tasks)

    rule training_config:
        input:
            layout.PREDICTION,
        output:
            report(
                layout.TRAINING_CONFIG,
                category="Fine-tuning",
                labels={"task": "{task}", "what": "settings to import"},
            ),
        log:
            "results/logs/training_config/{task}.log",
        conda:
            "../../envs/train.yaml"
        resources:
            **SMALL,
        params:
            training=training,
            code=code_of("training_config"),
        script:
            "../scripts/training_config.py"

    rule finetune:
        input:
            data=data,
            others=lambda w: [
                path
                for dataset in study.finetuning.datasets
                if dataset != dataset_of(w.task)
                for path in layout.data(dataset)
            ],
            prediction=lambda w: layout.PREDICTION if w.settings == "predicted" else [],
        output:
            layout.FINETUNED,
        log:
            "results/logs/finetune/{task}-{settings}.log",
        benchmark:
            "results/benchmarks/finetune/{task}-{settings}.tsv"
        conda:
            "../../envs/train.yaml"
        resources:
            **TRAINING,
        params:
            finetuning=study.finetuning.model_dump(mode="json"),
            training=training,
            default=lambda w: study.default_of(w.task),
            seeds=study.final_seeds,
            journal="results/journals/finetune/{task}-{settings}.jsonl",
            code=lambda w: network_code("finetune", study, [w.task]),
        script:
            "../scripts/finetune.py"

    rule compare:
        input:
            runs=expand(
                layout.FINETUNED,
                task=study.finetuning.tasks,
                settings=study.finetuning.names,
            ),
            predictions=predictions,
            cards=[
                layout.card(hold_out("family", task))
                for task in study.finetuning.tasks
            ],
            specs=layout.specs(study.finetuning.datasets),
        output:
            runs="results/finetune/runs.csv",
            summary="results/finetune/comparison.csv",
            against="results/finetune/against.csv",
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
