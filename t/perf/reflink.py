"""Switching between versions of one big file where the file system can share blocks.

XFS in a file of the folder that is measured, mounted for the time of it.  From version 1 and
back to it: `block` has 1 MiB in its middle written anew, `insert` 1000003 bytes more there, so that
nothing behind them is at a multiple of a block from where it was.
"""
import os
import random
import shutil

import data
import measure

NAME = "reflink"
VERSIONS = ("first", "block", "insert")


class Xfs:
    """A mounted file system of its own; OSError or RuntimeError where that cannot be."""

    def __init__(self, bench, mib):
        self.image, self.top = os.path.join(bench.work, "xfs.image"), os.path.join(bench.work, "xfs")
        self.env, self.mib = bench.env, mib

    def __enter__(self):
        if os.getuid() or not shutil.which("mkfs.xfs"):
            raise RuntimeError("wants root and mkfs.xfs, to mount an XFS image")
        os.makedirs(self.top, exist_ok=True)
        measure.run(f"truncate -s {self.mib}M {self.image} && mkfs.xfs -q {self.image} && mount -o loop {self.image} {self.top}",
                    "/", self.env)
        return self.top

    def __exit__(self, *_):
        measure.run(f"umount {self.top}; rm {self.image}", "/", self.env)


def write_versions(source, folder):
    os.mkdir(folder)
    first, block, insert = (os.path.join(folder, name) for name in VERSIONS)
    source.make(first)
    half = source.size // data.MIB // 2 * data.MIB
    more = random.Random(5).randbytes(data.MIB)
    for path, skip, middle in ((block, data.MIB, more), (insert, 0, more[:1000003])):
        with open(first, "rb") as old, open(path, "wb") as new:
            data.copy(old, new, half)
            new.write(middle)
            old.seek(half + skip)
            data.copy(old, new, source.size)


class Dv:
    """Each version is a commit with a tag of its name."""
    name = "dv"

    def __init__(self, top):
        self.repo = os.path.join(top, "repo")
        self.init = "git init -q -b main && dv init -q"
        self.add = "exec dv add -q data"

    @staticmethod
    def commit(version):
        return f"git add -A && git commit -qm {version} && git tag {version}"

    @staticmethod
    def prepare(version):
        return f"git checkout -q {version}"

    @staticmethod
    def switch(version):
        return "exec dv checkout -q"


class Cp:
    """Each version is a file beside."""

    def __init__(self, top, name, how):
        self.repo, self.name, self.how = os.path.join(top, name), name, how
        self.init = "true"
        self.add = f"exec cp {how} data copy"

    def commit(self, version):
        return f"mv copy {version}"

    @staticmethod
    def prepare(version):
        return None

    def switch(self, version):
        return f"exec cp --remove-destination {self.how} {version} data"


def run_tool(bench, tool, versions):
    def step(name, command):
        measure.touch_memory(bench.touch)
        bench.results.add((NAME, name, tool.name), measure.timed(command, tool.repo, bench.env, bench.limit))

    def quiet(command):
        if command:
            measure.run(command, tool.repo, bench.env)

    os.mkdir(tool.repo)
    quiet(tool.init)
    for version in VERSIONS:
        quiet(f"cp --reflink=never --remove-destination {versions}/{version} data")
        if bench.wanted("add"):
            step("add" if version == "first" else f"add {version}", tool.add)
        else:
            quiet(tool.add)
        quiet(tool.commit(version))
    if not bench.wanted("switch"):
        return
    quiet(tool.prepare("first"))
    quiet(tool.switch("first"))
    for change in VERSIONS[1:]:
        for version, name in ((change, change), ("first", change + "-back")):
            quiet(tool.prepare(version))
            step(f"switch {name}", tool.switch(version))
            try:
                quiet(f"cmp data {versions}/{version}")
            except RuntimeError:
                bench.results.fail((NAME, f"switch {name}", tool.name), "the data are not those that were added")


def run(bench, chosen, options):
    """All runs of dv, of cp that shares blocks and of cp that does not."""
    names = [t.name for t in chosen]
    versions = os.path.join(bench.work, "data-" + NAME)
    write_versions(data.Random(options), versions)
    bench.touch = 4 * options.size
    for _ in range(bench.runs):
        with Xfs(bench, 12 * options.size + 600) as top:
            for tool in (Cp(top, "cp", "--reflink=never"), Cp(top, "cp-reflink", "--reflink=always"), Dv(top)):
                if tool.name.split("-")[0] in names:
                    run_tool(bench, tool, versions)
