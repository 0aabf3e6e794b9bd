from probecast.torchaudio_stub import ensure_importable


def test_torchaudio_works_without_its_compiled_extension():
    ensure_importable()
    ensure_importable()
    import torchaudio

    assert torchaudio.functional.edit_distance("one two", "one too") == 1
