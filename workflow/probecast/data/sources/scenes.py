"""Scenes: where are these things from? Short generated texts, six places.

Two things of a text are from its place, and two from two others. Few things come often and most
of them seldom, so that one who knows what the words mean does better than one who has counted
them: made for pretrained encoders. Schema of the Hub's ``fancyzhx/ag_news``.
"""

import numpy as np

from probecast.data.sources import Source, Splits
from probecast.data.sources.generated import Example, by_row, labelled

# 24 of each place, the frequent ones first.
THINGS = {
    place: things.split(", ")
    for place, things in {
        "kitchen": "kettle, oven, saucepan, ladle, spatula, colander, teapot, whisk, toaster, "
        "spoon, fridge, dishwasher, frying pan, saucer, grater, corkscrew, sieve, breadboard, "
        "stove, mug, rolling pin, casserole, soup bowl, peeler",
        "garden": "spade, hedge, lawn, rake, flowerbed, wheelbarrow, tulip, compost, seedling, "
        "greenhouse, rose bush, bird bath, lawnmower, watering can, trellis, shrub, daffodil, "
        "vegetable patch, ivy, orchard, apple tree, gravel path, fern, garden gnome",
        "harbour": "anchor, sail, mast, rudder, buoy, jetty, trawler, lighthouse, dinghy, ferry, "
        "oar, seagull, tugboat, fishing net, lifeboat, quay, compass, yacht, breakwater, keel, "
        "propeller, gangway, canoe, lobster pot",
        "hospital": "stethoscope, bandage, syringe, stretcher, wheelchair, nurse, scalpel, "
        "patient, ambulance, vaccine, crutch, surgeon, thermometer, ward, ointment, x-ray, "
        "doctor, blood sample, plaster cast, operating table, sling, midwife, pill, clinic",
        "office": "stapler, printer, keyboard, spreadsheet, envelope, projector, invoice, memo, "
        "desk, notepad, photocopier, calendar, paperclip, filing cabinet, whiteboard, laptop, "
        "telephone, contract, meeting room, receptionist, ballpoint, timesheet, folder, computer",
        "workshop": "hammer, screwdriver, pliers, drill, workbench, chisel, wrench, sandpaper, "
        "lathe, plank, bolt, anvil, saw, toolbox, nail, spanner, soldering iron, glue, mallet, "
        "clamp, varnish, sawdust, crowbar, vice",
    }.items()
}
PEOPLE = ("Anna", "my brother", "a neighbour", "the child", "old Mr Hill", "someone", "our guest")
TIMES = ("on Monday", "after lunch", "last week", "at night", "once more", "before the rain")
CLAUSES = (  # two things each
    "{time} {person} put the {one} beside the {other}",
    "{person} dreamt of the {one} and, {time}, of the {other}",
    "the {one} {person} had drawn {time} looked like the {other}",
    "{time} {person} asked about the {one}, not about the {other}",
    "between the {one} and the {other} {person} sat down {time}",
    "{person} saw neither the {one} nor, {time}, the {other}",
)


def pick(place: str, count: int, generator: np.random.Generator) -> list[str]:
    """Return different things from a place, each drawn in inverse proportion to its rank."""
    weights = 1 / np.arange(1, len(THINGS[place]) + 1)
    return generator.choice(
        THINGS[place], count, replace=False, p=weights / weights.sum()
    ).tolist()


def write(place: str, generator: np.random.Generator) -> str:
    """Return a text of two sentences about four things, two of them from ``place``."""
    strays = generator.choice([other for other in THINGS if other != place], 2, replace=False)
    things = pick(place, 2, generator)
    for stray in strays:
        things += pick(stray, 1, generator)
    things = generator.permutation(things)
    sentences = [
        str(clause).format(
            one=one,
            other=other,
            person=generator.choice(PEOPLE),
            time=generator.choice(TIMES),
        )
        for clause, one, other in zip(
            generator.choice(CLAUSES, 2, replace=False), things[::2], things[1::2], strict=True
        )
    ]
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def generate(rows: dict[str, int], seed: int) -> Splits:
    """Return ``text`` and ``label``; each row has its own seed."""
    places = list(THINGS)

    def example(generator: np.random.Generator) -> Example:
        label = int(generator.integers(len(places)))
        return write(places[label], generator), label

    return labelled(by_row("scenes", rows, seed, example), "text", places)


SOURCE = Source("scenes", "scenes", "text", "accuracy", "text", "label", generate=generate)
