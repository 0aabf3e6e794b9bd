"""Questions: what kind of answer is asked for? Short generated questions, six classes.

After the classes of TREC (Li and Roth, 2002). The noun that is asked for tells the class; two
or three others, of other classes, stand before or behind it: one has to see which is asked for,
in a dozen ways of asking. As if written down from a noisy line, one word in seven is missing.
Made for pretrained encoders; schema of the Hub's ``fancyzhx/ag_news``.
"""

import numpy as np

from probecast.data.sources import Source, Splits
from probecast.data.sources.generated import Example, by_row, labelled

# 24 of each kind.
NOUNS = {
    kind: nouns.split(", ")
    for kind, nouns in {
        "person": "author, painter, doctor, king, teacher, sailor, composer, widow, inventor, "
        "pilot, queen, actress, general, cook, singer, bishop, detective, shepherd, tailor, "
        "mayor, dancer, thief, grandmother, apprentice",
        "place": "city, country, river, island, village, mountain, street, harbour, valley, "
        "continent, desert, castle, port, province, lake, suburb, canyon, peninsula, county, "
        "bay, glacier, square, capital, crossroads",
        "time": "year, month, day, century, hour, season, decade, weekday, date, morning, era, "
        "minute, anniversary, evening, spring, fortnight, holiday, night, epoch, week, summer, "
        "afternoon, quarter, sunrise",
        "amount": "number, price, height, distance, weight, share, temperature, length, speed, "
        "population, cost, depth, age, percentage, width, salary, size, volume, fee, quantity, "
        "sum, voltage, rent, mileage",
        "reason": "reason, cause, motive, purpose, excuse, explanation, aim, justification, "
        "argument, intention, pretext, rationale, origin, trigger, grounds, goal, logic, "
        "incentive, temptation, occasion, necessity, hope, fear, belief",
        "thing": "animal, instrument, tool, dish, flower, metal, book, weapon, drink, bird, "
        "garment, machine, toy, fruit, jewel, ship, fabric, poison, coin, vegetable, statue, "
        "vehicle, medicine, spice",
    }.items()
}
# In each a noun that is asked for and two that are not, in any order.
FORMS = (
    "what was the {asked} of the {one} of the {other}",
    "what was the {one}'s {asked} in the {other}",
    "what was, in the {one} of the {other}, the {asked}",
    "which {asked} did the {one} of the {other} have",
    "which {asked} was the {one}'s or the {other}'s",
    "which was the {one} of the {other}'s {asked}",
    "of the {one} in the {other}, what was the {asked}",
    "the {one} of the {other} had what {asked}",
    "do you know the {asked} of the {one} in the {other}",
    "do you know the {one}'s {asked} and the {other}",
    "was the {one} of the {other} the same, and the {asked}",
    "not the {one}, nor the {other}: the {asked} was what",
)
BEFORE = (  # one other noun
    "speaking of the {one},",
    "in the story of the {one},",
    "I read about the {one}:",
    "whatever the {one} was,",
)
OPEN = 0.5  # share of the questions that begin with another noun
LOST, GAP = 0.15, "um"  # share of the words that were not understood, and what stands there


def pick(kind: str, generator: np.random.Generator) -> str:
    """Return a noun of a kind."""
    return str(generator.choice(NOUNS[kind]))


def write(kind: str, generator: np.random.Generator) -> str:
    """Return a question for something of ``kind`` that names things of three other kinds."""
    others = generator.choice([other for other in NOUNS if other != kind], 3, replace=False)
    before, one, other = (pick(str(name), generator) for name in others)
    form = str(generator.choice(FORMS))
    text = form.format(asked=pick(kind, generator), one=one, other=other)
    if generator.random() < OPEN:
        text = f"{str(generator.choice(BEFORE)).format(one=before)} {text}"
    words = [GAP if generator.random() < LOST else word for word in text.split()]
    return f"{' '.join(words)}?"


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``text`` and ``label``; each row has its own seed."""
    kinds = list(NOUNS)

    def example(generator: np.random.Generator) -> Example:
        label = int(generator.integers(len(kinds)))
        return write(kinds[label], generator), label

    return labelled(by_row("questions", rows, seed, example), "text", kinds)


SOURCE = Source("questions", "questions", "text", "accuracy", "text", "label", generate=generate)
