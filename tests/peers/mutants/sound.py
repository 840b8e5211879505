"""G.711 mu-law speech as the bot sends it, and what a broken bot makes of it. Samples are lists of 16-bit integers at 8 kHz."""

import functools
import random
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RATE = 8000
FOLDERS = (HERE / "audio", ROOT / "audio" / "bot", ROOT / "benches" / "corpus")


def _expand(byte):
    """One mu-law byte as a 16-bit sample (ITU-T G.711, table 2a)."""
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 132 << ((byte >> 4) & 7)) - 132
    return -size if byte & 0x80 else size


EXPANDED = [_expand(byte) for byte in range(256)]


def _compress(sample):
    sign = 0x80 if sample < 0 else 0
    size = min(abs(sample), 32635) + 132
    exponent = size.bit_length() - 8
    return ~(sign | exponent << 4 | (size >> (exponent + 3)) & 0x0F) & 0xFF


COMPRESSED = bytes(_compress(sample - 65536 if sample > 32767 else sample) for sample in range(65536))


def encode(samples):
    """Negative indices count from the end of the table, as two's complement does."""
    return bytes(map(COMPRESSED.__getitem__, samples))


def encode_a_law(samples):
    """ITU-T G.711, table 1a."""
    out = bytearray()
    for sample in samples:
        size = min(abs(sample), 32767) >> 4
        exponent = max(size.bit_length() - 4, 0)
        byte = (exponent << 4 | (size >> max(exponent - 1, 0)) & 0x0F) if exponent else size & 0x0F
        out.append((byte if sample < 0 else byte | 0x80) ^ 0x55)
    return bytes(out)


@functools.cache
def load(name):
    """The samples of a recording, PCM or mu-law WAV."""
    path = next(path for folder in FOLDERS if (path := folder / f"{name}.wav").exists())
    data = path.read_bytes()
    form, at = 1, 12
    while at < len(data):
        chunk, size = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + size]
        if chunk == b"fmt ":
            form = struct.unpack_from("<H", body)[0]
        if chunk == b"data":
            return [EXPANDED[byte] for byte in body] if form == 7 else list(struct.unpack(f"<{size // 2}h", body))
        at += 8 + size + size % 2
    raise ValueError(f"{path}: no audio")


def cut(name, start=0.0, end=None):
    """A part of a recording, in seconds; a negative end counts from the recording's end."""
    samples = load(name)
    return samples[int(start * RATE) : None if end is None else int(end * RATE)]


def silence(seconds):
    return [0] * int(seconds * RATE)


def scaled(samples, factor):
    return [max(-32768, min(32767, int(sample * factor))) for sample in samples]


def noise(seconds, level=3000, seed=1):
    source = random.Random(seed)
    return [int(source.gauss(0, level)) for _ in range(int(seconds * RATE))]


def mixed(*voices):
    length = max(map(len, voices))
    padded = [voice + [0] * (length - len(voice)) for voice in voices]
    return [max(-32768, min(32767, sum(at))) for at in zip(*padded)]


def stretched(samples, factor):
    """Played at another rate: pitch and length change."""
    last = len(samples) - 1
    return [samples[min(int(at / factor), last)] for at in range(int(len(samples) * factor))]


def without(samples, start, seconds):
    """Silence in place of a stretch."""
    first, last = int(start * RATE), int((start + seconds) * RATE)
    return samples[:first] + [0] * (last - first) + samples[last:]


def raw(samples):
    """The bytes of 16-bit PCM, as if they were mu-law."""
    return struct.pack(f"<{len(samples)}h", *samples)
