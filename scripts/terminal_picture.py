#!/usr/bin/env python3
"""Runs commands in the working folder on a terminal of its own, and prints what a person would see there as an SVG picture:

    terminal_picture.py TITLE DESCRIPTION COMMAND…

The same output gives the same bytes. A control sequence that is not known here is an error.
"""
import fcntl
import os
import pty
import re
import shlex
import struct
import sys
import termios
from html import escape

COLUMNS, ROWS = 100, 50
STYLES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "34": "blue", "35": "magenta", "36": "cyan"}
# Pixels: the size of the font, the width of a letter in fonts of a fixed width, the height of a line, and the margin.
SIZE, LETTER, LINE, MARGIN = 14, 8.44, 20, 18

# Each colour can be read on its background.
STYLE_SHEET = """\
rect { fill: #f6f8fa; stroke: #d0d7de }
text { fill: #1f2328; font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace }
.bold { font-weight: bold } .dim, .prompt { fill: #59636e }
.red { fill: #b3131d } .green { fill: #116329 } .yellow { fill: #7d4e00 }
.blue { fill: #0550ae } .magenta { fill: #8250df } .cyan { fill: #0b5f6f }
@media (prefers-color-scheme: dark) {
rect { fill: #0d1117; stroke: #3d444d }
text { fill: #e6edf3 }
.dim, .prompt { fill: #9198a1 }
.red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #e3b341 }
.blue { fill: #79c0ff } .magenta { fill: #d2a8ff } .cyan { fill: #56d4dd }
}"""


def run(command):
    """What a command writes to a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        words = shlex.split(command)
        os.execvp(words[0], words)
    written = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the way in which Linux tells that nobody writes any more
            part = b""
        if not part:
            break
        written += part
    os.waitpid(child, 0)
    return written.decode()


def screen(written):
    """The lines of a terminal after this was written to it, as lists of letters and their styles. Progress overwrites itself."""
    lines, row, column, style = [[]], 0, 0, ()
    for control, codes, final, letter in re.findall(r"(\x1b)\[([0-9;]*)([A-Za-z])|([\s\S])", written):
        if final == "m":
            for code in codes.split(";"):
                style = () if code in ("", "0") else (*style, STYLES[code])
        elif final == "A":
            row = max(0, row - int(codes or 1))
        elif final == "B":
            row = min(len(lines) - 1, row + int(codes or 1))
        elif final == "K" and codes == "2":
            lines[row] = []
        elif letter == "\r":
            column = 0
        elif letter == "\n" or (letter and letter.isprintable()):
            if letter == "\n" or column == COLUMNS:
                row, column = row + 1, 0
                lines += [[]] * (row == len(lines))
            if letter != "\n":
                lines[row] = lines[row] + [(" ", ())] * (column - len(lines[row]))
                lines[row][column : column + 1] = [(letter, style)]
                column += 1
        else:
            sys.exit(f"terminal_picture.py: unknown control sequence: {control}[{codes}{final}{letter}".encode("unicode_escape").decode())
    for line in lines:
        while line and line[-1] == (" ", ()):
            line.pop()
    while lines and not lines[-1]:
        lines.pop()
    return lines


def spans(line):
    """A line as SVG text; letters of one style are together."""
    text, last = "", ()
    for letter, style in [*line, ("", ())]:
        if style != last:
            text += "</tspan>" * bool(last) + (f'<tspan class="{" ".join(style)}">' if style else "")
            last = style
        text += escape(letter, quote=False)
    return text


def main(title, description, commands):
    texts, y = [], MARGIN + SIZE
    for command in commands:
        typed = [("$", ("prompt",)), (" ", ())] + [(letter, ("bold",)) for letter in command]
        for line in [typed, *screen(run(command))]:
            if line:
                texts.append(f'<text x="{MARGIN}" y="{y}" xml:space="preserve">{spans(line)}</text>')
            y += LINE
        y += LINE // 2
    width, height = round(2 * MARGIN + COLUMNS * LETTER), y - LINE // 2 - SIZE + MARGIN - 2
    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc">')
    print(f'<title id="title">{escape(title)}</title>\n<desc id="desc">{escape(description)}</desc>\n<style>\n{STYLE_SHEET}\n</style>')
    print(f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>')
    print("\n".join(texts) + "\n</svg>")


main(sys.argv[1], sys.argv[2], sys.argv[3:])
