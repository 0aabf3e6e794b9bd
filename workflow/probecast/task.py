"""A task is a dataset with an architecture, named ``<dataset>-<architecture>``."""


def dataset_of(task: str) -> str:
    """Return the dataset's name.

    >>> dataset_of("mnist-cnn")
    'mnist'
    """
    return task.partition("-")[0]


def architecture_of(task: str) -> str:
    """Return the architecture's name.

    >>> architecture_of("mnist-cnn")
    'cnn'
    """
    return task.partition("-")[2]
