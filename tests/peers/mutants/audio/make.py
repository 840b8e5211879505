#!/usr/bin/env python3
"""Makes the recordings of the mutants' replies again, in the bot's voice: the environment and the voice of audio/make.py.

Each line of texts.tsv: name, written form, spoken form. The files are G.711 mu-law WAV at 8 kHz.
"""

import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[3] / "audio"))

import make  # noqa: E402
import numpy as np  # noqa: E402


def encode(x):
    """16-bit samples to G.711 mu-law."""
    x = np.clip(x.astype(np.int32), -32635, 32635)
    m = np.abs(x) + 132
    e = np.clip(np.floor(np.log2(m)).astype(int) - 7, 0, 7)
    sign = np.where(x < 0, 0x80, 0)
    return (~(sign | (e << 4) | ((m >> (e + 3)) & 15)) & 0xFF).astype(np.uint8).tobytes()


def save(path, samples):
    data = encode(samples)
    form = struct.pack("<HHIIHHH", 7, 1, make.RATE, make.RATE, 1, 8, 0)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


if __name__ == "__main__":
    make.HIBARI = make.Hibari()
    wanted = sys.argv[1:]
    for line in (HERE / "texts.tsv").read_text().splitlines():
        name, _written, spoken = line.split("\t")
        if wanted and not name.startswith(tuple(wanted)):
            continue
        x = make.trim(make.telephone(*make.heart(spoken), make.PEAK))
        save(HERE / f"{name}.wav", make.pcm16(x, make.MARGIN))
