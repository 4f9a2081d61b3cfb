#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tidy.py DATABASE DIR JOBS SOURCE…: clang-tidy over sources, several at a time.

clang-tidy spends most of its time on what a source includes, so sources of one part of the house are
joined into one unit, which is checked like any source. (An include of them would not do: the analyser
reads what is written in the file itself.) Whatever is found in a unit is looked for again in its
halves, and of a source alone the verdict counts: two helpers of one name in a unit cost time, no
more.
"""
import concurrent.futures
import itertools
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

UNIT_SIZE = 6
KEPT_FLAG = re.compile(r"-(I|D|W|isystem|std=)")
# The analyser is half of the time. It gives up a function after fewer steps than its 225,000, and
# leaves the tests alone: what it looks for, running them shows.
ANALYSER = ["-Xclang", "-analyzer-config", "-Xclang", "max-nodes=15000"]
UNANALYSED = "tests"
# A name that a source defines at the left margin, as the helpers of an anonymous namespace are.
DEFINED = re.compile(
    r"^(?:struct|class|enum(?: class)?) (\w+)|^\w[\w:<>,*& ]*?[ *&](\w+)(?:[({\[]| =)", re.M)
OVERLOADED = {"main", "to_json", "from_json"}


def flags_of(command):
    """What a compile command says of includes, definitions, warnings and the language."""
    words = iter(shlex.split(command))
    for word in words:
        if word == "-isystem":
            yield word + next(words)
        elif KEPT_FLAG.match(word):
            yield word


def joined_by_cmake(file):
    """The sources that a file of CMAKE_UNITY_BUILD includes."""
    path = pathlib.Path(file)
    if path.parent.name != "Unity":
        return []
    return re.findall(r'^#include "(.*)"$', path.read_text(), re.M)


def names_of(text):
    return {first or second for first, second in DEFINED.findall(text)} - OVERLOADED


def units_of(root, sources):
    """Lists of sources that can be compiled as one: of one part, and without a name in common."""
    alone, groups = [], []
    for source in sources:
        text = (root / source).read_text()
        if "foreach_target.h" in text:
            alone.append([source])  # it is compiled once for each instruction set
            continue
        part, own = pathlib.PurePath(source).parts[:-1][:2], names_of(text)
        for of_part, taken, unit in groups:
            if of_part == part and len(unit) < UNIT_SIZE and not taken & own:
                unit.append(source)
                taken |= own
                break
        else:
            groups.append((part, own, [source]))
    return alone + [unit for _, _, unit in groups]


class Tidy:
    """Sources with the flags of a build, less those that only its compiler understands."""

    def __init__(self, root, database, directory):
        self.root = root
        self.directory = directory
        self.units = itertools.count()
        self.flags = {}
        for entry in json.loads(database.read_text()):
            flags = list(flags_of(entry["command"]))
            for source in [entry["file"], *joined_by_cmake(entry["file"])]:
                self.flags[source] = flags

    def knows(self, source):
        return str(self.root / source) in self.flags

    def joined(self, sources):
        """A file that holds all of them, and its flags."""
        lines, flags = [], {}
        for source in sources:
            path = self.root / source
            main = "main_of_" + re.sub(r"\W", "_", source)  # each program has one
            lines += [f"#define main {main}", path.read_text(), "#undef main"]
            for flag in [*self.flags[str(path)], f"-iquote{path.parent}"]:
                # Of two values of one macro the first will do.
                flags.setdefault(flag.split("=")[0] if flag.startswith("-D") else flag, flag)
        unit = self.directory / f"unit_{next(self.units)}.cpp"
        unit.write_text("\n".join(lines) + "\n")
        return unit, list(flags.values())

    def run(self, path, flags, analysed):
        """What clang-tidy says of a file; nothing if it is clean."""
        command = ["clang-tidy", "--quiet", "--extra-arg=-Wno-unknown-warning-option"]
        if analysed:
            command += [f"--extra-arg={word}" for word in ANALYSER]
        else:
            # Without the analyser clang's own warnings count as findings: the build has them.
            command += ["--checks=-clang-analyzer-*", "--extra-arg=-Wno-everything"]
        done = subprocess.run([*command, str(path), "--", *flags], cwd=self.root, text=True,
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        # Standard error says how many warnings lie in headers of others; it counts where all fails.
        return "" if done.returncode == 0 else done.stdout or done.stderr

    def check(self, unit):
        """What is wrong in the sources of a unit, by halves where something is."""
        analysed = pathlib.PurePath(unit[0]).parts[0] != UNANALYSED
        if len(unit) == 1:
            path = self.root / unit[0]
            return self.run(path, self.flags[str(path)], analysed)
        if not self.run(*self.joined(unit), analysed):
            return ""
        half = len(unit) // 2
        return self.check(unit[:half]) + self.check(unit[half:])


def main():
    database, directory, jobs, *sources = sys.argv[1:]
    root = pathlib.Path(__file__).resolve().parents[2]
    directory = pathlib.Path(directory).resolve()
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    tidy = Tidy(root, pathlib.Path(database), directory)
    # What this machine does not build (a backend it has no toolkit for) has no flags to check with.
    units = units_of(root, filter(tidy.knows, sources))
    # The largest first, so that none is left to run alone at the end.
    units.sort(key=lambda unit: -len(unit))
    with concurrent.futures.ThreadPoolExecutor(int(jobs)) as pool:
        findings = "".join(pool.map(tidy.check, units))
    print(findings, end="")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
