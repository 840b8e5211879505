#!/usr/bin/env python3
"""Draws red-run.svg, the picture of a failed run in README.md, from the output of a real run.

    python3 docs/images/red-run.py                        # builds goldencall if need be
    python3 docs/images/red-run.py path/to/goldencall     # uses this program

Python's standard library is enough. The run takes half a minute of real time.
"""

import errno
import os
import pathlib
import pty
import re
import subprocess
import sys
from html import escape

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = pathlib.Path(__file__).with_name("red-run.svg")
ARGUMENTS = ["run", "scenarios/failing/says-wrong-day.yaml"]
FAILED = 4
COLUMNS = 104

CELL, LINE, SIZE = 8.4, 18, 14
MARGIN, BAR = 20, 38
BACKGROUND, TITLE_BAR, BORDER, TEXT, DIM = "#0d1117", "#161b22", "#30363d", "#d0d7de", "#8b949e"
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', 'DejaVu Sans Mono', monospace"
BUTTONS = ["#ff5f57", "#febc2e", "#28c840"]
NORMAL = ["#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4"]
BRIGHT = ["#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#f0f6fc"]

HYPERLINK = re.compile(r"\x1b\]8;.*?(?:\x1b\\|\x07)")
ESCAPE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


def run(program):
    """The output of a failing run as a terminal gets it."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    # CI turns the progress bar off, which would draw over itself.
    environment |= {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "CI": "true"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(program + ARGUMENTS, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=theirs)
    os.close(theirs)
    output = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError as error:
            # Linux reports the end of a terminal this way, macOS by an empty read.
            if error.errno != errno.EIO:
                raise
            chunk = b""
        if not chunk:
            break
        output += chunk
    if process.wait() != FAILED:
        sys.exit(f"expected exit code {FAILED} (an expectation failed), got {process.returncode}:\n{output.decode()}")
    return output.decode().replace("\r\n", "\n")


def palette(number):
    """One of the 256 colours."""
    if number < 16:
        return (NORMAL + BRIGHT)[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    levels = [0, 95, 135, 175, 215, 255]
    number -= 16
    return "#" + "".join(f"{levels[number // step % 6]:02x}" for step in (36, 6, 1))


class Style:
    def __init__(self):
        self.colour, self.bold, self.dim, self.italic, self.underline = TEXT, False, False, False, False

    def apply(self, parameters):
        codes = [int(code or 0) for code in parameters.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.__init__()
            elif code in (1, 2, 3, 4):
                setattr(self, ["bold", "dim", "italic", "underline"][code - 1], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (23, 24):
                setattr(self, ["italic", "underline"][code - 23], False)
            elif 30 <= code <= 37:
                self.colour = NORMAL[code - 30]
            elif 90 <= code <= 97:
                self.colour = BRIGHT[code - 90]
            elif code == 39:
                self.colour = TEXT
            elif code in (38, 48):
                kind = codes.pop(0)
                colour = palette(codes.pop(0)) if kind == 5 else "#" + "".join(f"{codes.pop(0):02x}" for _ in range(3))
                self.colour = colour if code == 38 else self.colour

    def attributes(self):
        colour = DIM if self.dim and self.colour == TEXT else self.colour
        marks = [("bold", ' font-weight="bold"'), ("italic", ' font-style="italic"'), ("underline", ' text-decoration="underline"')]
        return f'fill="{colour}"' + "".join(text for name, text in marks if getattr(self, name))


def lines(output):
    """Lines of (character, attributes), without escape sequences."""
    style, line, at = Style(), [], 0
    output = HYPERLINK.sub("", output)
    while at < len(output):
        if found := ESCAPE.match(output, at):
            if found[2] == "m":
                style.apply(found[1])
            at = found.end()
            continue
        if output[at] == "\n":
            yield line
            line = []
        else:
            line.append((output[at], style.attributes()))
        at += 1
    if line:
        yield line


def wrapped(line):
    """A line that is too wide, broken between words and indented as it began."""
    indent = next((index for index, (character, _) in enumerate(line) if character != " "), 0)
    while len(line) > COLUMNS:
        breaks = [index for index in range(indent + 1, COLUMNS + 1) if line[index][0] == " "]
        cut = breaks[-1] if breaks else COLUMNS
        yield line[:cut]
        line = [(" ", "")] * (indent + 2) + line[cut:][bool(breaks) :]
    yield line


def spans(line):
    """Runs of one style: the column, the text, the attributes; blanks are left out."""
    start = 0
    for index in range(1, len(line) + 1):
        if index == len(line) or line[index][1] != line[start][1]:
            text = "".join(character for character, _ in line[start:index])
            shown = text.strip()
            if shown:
                yield start + text.index(shown[0]), shown, line[start][1]
            start = index


def draw(rows):
    width = round(2 * MARGIN + COLUMNS * CELL)
    height = BAR + 2 * MARGIN + len(rows) * LINE - (LINE - SIZE)
    title = "goldencall " + " ".join(ARGUMENTS)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
    yield f"<title>{escape(title)}: a failed run in a terminal</title>"
    yield f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" fill="{BACKGROUND}" stroke="{BORDER}"/>'
    yield f'<path d="M1 {BAR}V11A10 10 0 0 1 11 1H{width - 11}A10 10 0 0 1 {width - 1} 11V{BAR}Z" fill="{TITLE_BAR}"/>'
    for index, colour in enumerate(BUTTONS):
        yield f'<circle cx="{MARGIN + 2 + 20 * index}" cy="{BAR / 2}" r="6" fill="{colour}"/>'
    yield f'<g font-family="{FONT}" font-size="{SIZE}">'
    for index, row in enumerate(rows):
        y = BAR + MARGIN + index * LINE + SIZE - 2
        for column, text, attributes in spans(row):
            # The length holds the columns in place, whichever font the reader has.
            length = f'textLength="{len(text) * CELL:.1f}" lengthAdjust="spacingAndGlyphs"'
            # A run of ordinary spaces would be drawn as one.
            shown = escape(text).replace(" ", "\u00a0")
            yield f'<text x="{MARGIN + column * CELL:.1f}" y="{y}" {length} {attributes}>{shown}</text>'
    yield "</g>"
    yield "</svg>"


def main():
    given = [str(pathlib.Path(path).resolve()) for path in sys.argv[1:2]]
    program = given or ["cargo", "run", "--release", "--quiet", "--"]
    output = run(program)
    prompt = f"\x1b[32m$\x1b[0m \x1b[1mgoldencall {' '.join(ARGUMENTS)}\x1b[0m\n"
    rows = [row for line in lines(prompt + output) for row in wrapped(line)]
    PICTURE.write_text("\n".join(draw(rows)) + "\n", encoding="utf-8")
    print(f"wrote {PICTURE.relative_to(ROOT)}: {len(rows)} lines")


if __name__ == "__main__":
    main()
