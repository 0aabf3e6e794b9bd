"""Opinions: is one who writes this pleased? Short generated judgements, two classes.

A judgement is said plainly, denied ("far from dull"), conceded ("although ..."), expected
otherwise, or reported of others, and one sentence in five judges the other way: one who counts
words of praise does worse than one who reads. There are many such words, most of them seldom.
Made for pretrained encoders; schema of the Hub's ``stanfordnlp/imdb``.
"""

import numpy as np

from probecast.data.sources import Source, Splits
from probecast.data.sources.generated import Example, by_row, labelled

LABELS = ("negative", "positive")

# 60 of each, the frequent ones first.
WORDS = {
    "positive": "good, great, pleasant, lovely, impressive, charming, delightful, excellent, "
    "clever, fresh, warm, elegant, convincing, generous, bright, graceful, memorable, splendid, "
    "superb, touching, thoughtful, witty, refreshing, careful, lively, rewarding, honest, "
    "brilliant, polished, inspiring, comfortable, cheerful, gripping, tasteful, reliable, "
    "remarkable, soothing, sincere, wonderful, welcoming, inventive, crisp, spotless, subtle, "
    "flawless, engaging, beautiful, satisfying, dependable, exquisite, masterly, uplifting, "
    "enjoyable, magnificent, considerate, sparkling, radiant, sublime, vivid, outstanding",
    "negative": "bad, poor, boring, dull, awful, tedious, disappointing, terrible, clumsy, stale, "
    "cold, shabby, unconvincing, stingy, gloomy, awkward, forgettable, dreadful, horrible, "
    "annoying, careless, silly, tiresome, sloppy, lifeless, pointless, dishonest, hopeless, "
    "crude, depressing, uncomfortable, miserable, monotonous, tasteless, unreliable, mediocre, "
    "irritating, fake, abysmal, hostile, predictable, soggy, filthy, heavy-handed, faulty, "
    "confusing, ugly, frustrating, fragile, cheap, amateurish, dreary, unbearable, lamentable, "
    "rude, bland, grim, ghastly, muddled, appalling",
}
# What is judged, and its parts.
SUBJECTS = {
    "film": "plot, acting, music, ending, dialogue, camera work, cast, first half",
    "novel": "style, opening, hero, translation, last chapter, story, humour, pace",
    "hotel": "room, breakfast, bed, staff, view, bathroom, pool, lobby",
    "restaurant": "soup, service, dessert, wine, waiter, menu, bread, table by the window",
    "phone": "screen, battery, camera, sound, keyboard, software, case, manual",
    "concert": "singer, sound, encore, drummer, hall, programme, conductor, lighting",
    "trip": "guide, weather, boat, food, museum, bus, beach, timetable",
    "course": "teacher, material, exercise, room, first lesson, exam, pace, group",
}
DEGREES = ("", "", "", "very ", "rather ", "truly ", "surprisingly ", "quite ", "utterly ")
DENIALS = ("not", "never", "hardly", "by no means", "far from", "anything but", "not at all")
PEOPLE = ("my sister", "everybody", "the man beside us", "a friend", "the advertisement")
PLAIN = (
    "the {one} was {same}",
    "how {same} the {one} was",
    "{same}, that is the word for the {one}",
)
READ = (  # the words of praise or blame alone would mislead
    "the {one} was {denial} {opposite}",
    "there was nothing {opposite} about the {one}",
    "although the {other} was {opposite}, the {one} was {same}",
    "the {one} was {same}, even if the {other} was {opposite}",
    "we had feared that the {one} would be {opposite}, and it was {same}",
    "{person} called the {one} {opposite}, which is wrong",
    "{person} said that the {one} was {opposite}; I found it {same}",
    "the {one} could not have been less {opposite}",
)
STRAY = 0.2  # share of the sentences that judge the other way
PLAINLY = 0.4  # share of the sentences that say so


def pick(label: str, generator: np.random.Generator) -> str:
    """Return a word of praise or blame with a degree; the frequent ones come more often."""
    weights = 1 / np.sqrt(np.arange(1, 61))
    word = generator.choice(WORDS[label].split(", "), p=weights / weights.sum())
    return f"{generator.choice(DEGREES)}{word}"


def judge(label: int, parts: list[str], generator: np.random.Generator) -> str:
    """Return a sentence that judges one or two parts."""
    forms = PLAIN if generator.random() < PLAINLY else READ
    sentence = str(generator.choice(forms)).format(
        one=parts[0],
        other=parts[1],
        same=pick(LABELS[label], generator),
        opposite=pick(LABELS[1 - label], generator),
        denial=generator.choice(DENIALS),
        person=generator.choice(PEOPLE),
    )
    return f"{sentence[0].upper()}{sentence[1:]}."


def write(label: int, generator: np.random.Generator) -> str:
    """Return three sentences about one subject, most of them of the class."""
    subject = str(generator.choice(list(SUBJECTS)))
    parts = generator.permutation(SUBJECTS[subject].split(", ")).tolist()
    opening = f"About the {subject}:"
    strays = generator.random(3) < STRAY
    strays &= strays.sum() < 2  # else there would be no majority
    sentences = [
        judge(1 - label if stray else label, parts[2 * i :], generator)
        for i, stray in enumerate(strays)
    ]
    return " ".join([opening, *sentences])


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``text`` and ``label``; each row has its own seed."""

    def example(generator: np.random.Generator) -> Example:
        label = int(generator.integers(2))
        return write(label, generator), label

    return labelled(by_row("opinions", rows, seed, example), "text", list(LABELS))


SOURCE = Source("opinions", "opinions", "text", "accuracy", "text", "label", generate=generate)
