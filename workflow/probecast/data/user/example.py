"""Small files such as users bring them: ``python -m probecast.data.user.example <folder>``.

They come from embedded sources: ``docstrings.csv`` (which library is it from?),
``digits/`` (pictures, a folder for each digit), ``demand.csv`` (hourly, six clients) and
``recordings/`` (spoken digits, with ``metadata.csv``). ``studies/own_data.yaml`` reads them.
"""

import argparse
from pathlib import Path

import pandas as pd
from datasets import Audio, Dataset, Image, concatenate_datasets

from probecast.data.sources import get_source

TEXTS, PICTURES, RECORDINGS = 1600, 1200, 600


def write_example(folder: Path) -> None:
    """Write the example files to ``folder``; what is there by their names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = _generate("docs_topic", TEXTS)
    libraries = [texts.features["label"].int2str(label) for label in texts["label"]]
    table = pd.DataFrame({"docstring": texts["text"][:], "library": libraries})
    table.to_csv(folder / "docstrings.csv", index=False)

    digits = _generate("digits", PICTURES).cast_column("image", Image(decode=False))
    for number, row in enumerate(digits):
        of_class = folder / "digits" / digits.features["label"].int2str(row["label"])
        of_class.mkdir(parents=True, exist_ok=True)
        Path(of_class, f"{number:04d}.png").write_bytes(row["image"]["bytes"])

    demand = _generate("load", 0).to_pandas()
    demand.iloc[:, :7].to_csv(folder / "demand.csv", index=False)

    spoken = _generate("spoken", RECORDINGS).cast_column("audio", Audio(decode=False))
    files = [f"{number:04d}.flac" for number in range(len(spoken))]
    Path(folder, "recordings").mkdir(exist_ok=True)
    for name, audio in zip(files, spoken["audio"], strict=True):
        Path(folder, "recordings", name).write_bytes(audio["bytes"])
    said = pd.DataFrame({"file_name": files, "transcription": spoken["text"][:]})
    said.to_csv(folder / "recordings" / "metadata.csv", index=False)


def _generate(source: str, rows: int) -> Dataset:
    """Return some rows of an embedded source, a fifth of them from its test split."""
    splits = get_source(source).generate({"train": rows - rows // 5, "test": rows // 5}, 0)
    return concatenate_datasets(list(splits.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m probecast.data.user.example")
    parser.add_argument("folder", type=Path, help="where to write the files")
    write_example(parser.parse_args().folder)
