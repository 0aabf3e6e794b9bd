from probecast.errors import suggest


def test_close_name_is_suggested():
    assert suggest("mnits", ["mnist", "imdb"]) == "Did you mean 'mnist'? Known: imdb, mnist."


def test_nothing_is_suggested_for_a_far_name():
    assert suggest("zzz", ["mnist", "imdb"]) == "Known: imdb, mnist."
