"""Speak with espeak-ng: a program of its own, because espeak's state is one per process.

The same sentence sounds different the second time (its noise and the phase of its voice
go on from where they were), so one fresh process speaks a fixed list of sentences and the
samples are the same every time.

Standard input: JSON ``{"voice": name, "utterances": [[text, words per minute, pitch], ...]}``.
Standard output: per utterance the number of samples (uint32) and the samples (int16), both
in the machine's byte order, at 22,050 Hz.

Interface: ``speak_lib.h`` of espeak-ng 1.52.
"""

import ctypes
import json
import struct
import sys

import espeakng_loader

SAMPLE_RATE = 22_050
AUDIO_OUTPUT_SYNCHRONOUS = 2  # returns when all is spoken: 20 x faster than RETRIEVAL's queue
DONT_EXIT = 0x8000  # report a failed start instead of ending the process
RATE, PITCH = 1, 3  # espeak_PARAMETER
POSITION_CHARACTER, UTF8 = 1, 1

Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def main() -> None:
    """Speak what standard input asks for."""
    job = json.load(sys.stdin)
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    blocks: list[bytes] = []

    @Callback
    def keep(samples, count, _events) -> int:
        if samples:
            blocks.append(ctypes.string_at(samples, 2 * count))
        return 0  # go on

    data = espeakng_loader.get_data_path().encode()
    rate = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data, DONT_EXIT)
    if rate != SAMPLE_RATE:
        sys.exit(f"espeak-ng did not start from {data.decode()} (it answered {rate})")
    if library.espeak_SetVoiceByName(job["voice"].encode()) != 0:
        sys.exit(f"espeak-ng has no voice {job['voice']!r}")
    library.espeak_SetSynthCallback(keep)
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # it starts from the clock otherwise

    for text, words_per_minute, pitch in job["utterances"]:
        blocks.clear()
        library.espeak_SetParameter(RATE, words_per_minute, 0)
        library.espeak_SetParameter(PITCH, pitch, 0)
        sentence = text.encode() + b"\0"
        library.espeak_Synth(
            sentence, ctypes.c_size_t(len(sentence)), 0, POSITION_CHARACTER, 0, UTF8, None, None
        )
        samples = b"".join(blocks)
        sys.stdout.buffer.write(struct.pack("=I", len(samples) // 2) + samples)


if __name__ == "__main__":
    main()
