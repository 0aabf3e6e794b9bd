from benchmarks.fresh_seeds import chosen
from kit.synthetic import synthetic_task


def test_the_best_of_a_sweep_and_others_are_chosen_each_once():
    table = synthetic_task(0)
    ends = table.ends().sort_values(ascending=False, kind="stable")
    configurations = table.configurations()
    found = chosen(table, best=3, random=5)
    assert found[:3] == [configurations[identity] for identity in ends.index[:3]]
    assert len({tuple(c.values()) for c in found}) == 8
    assert found == chosen(table, best=3, random=5)


def test_no_more_are_chosen_than_there_are():
    table = synthetic_task(0)
    assert len(chosen(table, best=10, random=100)) == len(table.configurations())
