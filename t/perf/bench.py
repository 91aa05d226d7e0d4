#!/usr/bin/env python3
"""dv beside cp, tar, sha256sum, find, git and its peers, on the same data in one run.

    bench.py [options] [WORKLOAD...]
    bench.py --peers		says which peers there are, and how the others are installed

Workloads: start big csv model tuned parquet small few million reflink.  Each scenario is run --runs times
on fresh state; minimum and median are kept.  CPU is user + system of the command and its
children, peak the largest resident size of any of them, "others" the CPUs that all else
used meanwhile (the servers among them): where that is large, trust the CPU time.  What a tool
has not, or what is not installed, is left out.  Last the aims of dv are held against the rows.
"""
import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import data
import measure
import peers
import reflink
import report
import servers
import tools
import workloads

WORKLOADS = ["start"] + list(data.SETS) + [reflink.NAME]


class Bench:
    def __init__(self, o):
        self.runs, self.limit, self.steps, self.slow = o.runs, o.limit, o.steps, o.slow
        self.touch = 0		# MiB of memory to touch before each step
        self.work = tempfile.mkdtemp(prefix="dv-bench.", dir=o.work)
        home = os.path.join(self.work, "home")
        os.mkdir(home)
        self.env = dict(os.environ, HOME=home, GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8", AWS_EC2_METADATA_DISABLED="true",
                        GIT_AUTHOR_NAME="b", GIT_AUTHOR_EMAIL="b@example.com",
                        GIT_COMMITTER_NAME="b", GIT_COMMITTER_EMAIL="b@example.com",
                        PATH=measure.BUILD + ":" + os.environ["PATH"])
        self.results = measure.Results()
        self.servers = {}
        self.broken = 0		# scenarios that ended before their last step

    def wanted(self, step):
        return not self.steps or step.split(" ")[0] in self.steps

    def start_servers(self, names):
        for name in names:
            self.servers[name] = servers.SERVERS[name](self.work)
            try:
                self.servers[name].start(self.env)
            except (OSError, subprocess.CalledProcessError) as e:
                print(f"{name}: left out, it does not start: {e}", flush=True)
                self.servers.pop(name).stop()

    def write(self, out, how, kept):
        if self.results.all:
            report.write_all(kept + list(self.results.rows(tools.baselines)), out, how)

    def make_data(self, source):
        """The first version and, of a file, the edited one; a tree is edited where it is."""
        first = os.path.join(self.work, "data-" + source.name)
        edited = first + ".edited"
        source.make(first)
        if not source.tree:
            shutil.copyfile(first, edited)
            source.edit(edited)
        return first, edited

    def workload(self, name, chosen, options):
        if name == "start":
            workloads.run_start(self, chosen)
            return
        if name == reflink.NAME:
            try:
                reflink.run(self, chosen, options)
            except (RuntimeError, OSError) as e:
                begun = bool(self.results.of(name))
                self.broken += begun
                print(f"{name}: {'ended early' if begun else 'left out'}: {e}", flush=True)
            return
        try:
            source = data.SETS[name](options)
        except ImportError as e:
            print(f"{name}: left out: {e}", flush=True)
            return
        versions = self.make_data(source)
        self.touch = 0 if source.tree else 4 * options.size
        files = getattr(source, "files", 1)
        for number in range(self.runs):
            for tool in chosen:
                slow = files > tool.most_files
                if slow and (not self.slow or number):
                    continue
                if (source.tree and tool.one_file) or (not source.tree and tool.name in ("tar", "find")):
                    continue
                try:
                    workloads.run_case(self, tool, source, versions, number, slow)
                except RuntimeError as e:
                    self.broken += 1
                    print(f"{name}: {tool.name}: {e}", flush=True)


def say_peers():
    for tool in peers.PEERS:
        print(f"{tool.name:10} {'installed' if tool.there() else 'not here: ' + tool.install}")


def how_measured(o):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    kind = subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", o.work], capture_output=True, text=True, check=False).stdout.strip()
    version = subprocess.run([os.path.join(measure.BUILD, "dv"), "version"], capture_output=True, text=True, check=False).stdout.strip()
    return (f"{version}; {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}; {os.cpu_count()} CPUs ({cpu}), Linux {platform.release()}, {kind};\n"
            f"load at the start {os.getloadavg()[0]:.1f}; big file {o.size} MiB, {o.files} small files, {o.few} few, {o.million} tiny ones; {o.runs} runs of {' '.join(o.workload)}.\n"
            f"Seconds; ratios of the minima.\n")


def some_of(known, what):
    """A type of option: names with commas between, of those known."""
    def check(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {what} is called '{name}'; there are {' '.join(known)}")
        return names
    return check


def above_zero(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return int(text)


def folder(text):
    """A type of option: a folder that can be written to, its full path as steps run in others."""
    path = os.path.abspath(text)
    if not os.path.isdir(path) or not os.access(path, os.W_OK):
        raise argparse.ArgumentTypeError(f"'{text}' is no folder that can be written to")
    return path


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=above_zero, default=1024, help="MiB of the big file; the others follow")
    p.add_argument("--files", type=above_zero, default=100000)
    p.add_argument("--few", type=above_zero, default=2000, help="files of the workload of that name")
    p.add_argument("--million", type=above_zero, default=1000000, help="files of the workload of that name")
    p.add_argument("--runs", type=above_zero, default=3)
    p.add_argument("--limit", type=above_zero, default=900, help="seconds after which a step is cut off")
    p.add_argument("--tools", type=some_of([t.name for t in peers.ALL], "tool"), help="only these, with commas between")
    p.add_argument("--servers", default=list(servers.SERVERS), type=some_of(servers.SERVERS, "server"), help="only these")
    p.add_argument("--steps", type=some_of(workloads.STEPS, "step"), help="only these, with commas between")
    p.add_argument("--work", type=folder, default=os.environ.get("TMPDIR", "/var/tmp"), help="where the data go: measure a disk, not a tmpfs")
    p.add_argument("--slow", action="store_true", help="of small files and a million also add and status of tools that take minutes, once")
    p.add_argument("--keep", action="store_true", help="rows of other workloads that are in --out stay there")
    p.add_argument("--out", default=os.path.join(measure.BUILD, "benchmarks"), help="folder of the csv, table and plots")
    p.add_argument("--peers", action="store_true", help="say which peers there are")
    p.add_argument("workload", nargs="*", help="those above; all by default")
    o = p.parse_args()
    for name in o.workload:
        if name not in WORKLOADS:
            p.error(f"no workload is called '{name}'; there are {' '.join(WORKLOADS)}")
    o.workload = o.workload or WORKLOADS
    if not o.peers:
        # before anything is measured: that takes hours
        try:
            os.makedirs(o.out, exist_ok=True)
            o.out = folder(o.out)
        except (OSError, argparse.ArgumentTypeError) as e:
            p.error(f"argument --out: {e}")
    return o


def main():
    o = parse()
    if o.peers:
        say_peers()
        return 0
    chosen = [t for t in peers.ALL if (not o.tools or t.name in o.tools) and (t.name == "dv" or t.there())]
    # the servers are to be stopped then, too
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    kept, how = report.earlier(o.out, o.workload) if o.keep else ([], "")
    how, bench = how + how_measured(o), Bench(o)
    try:
        bench.start_servers(o.servers)
        for name in o.workload:
            bench.workload(name, chosen, o)
            # what there is so far; a run takes hours
            bench.write(o.out, how, kept)
    finally:
        bench.write(o.out, how, kept)
        for server in bench.servers.values():
            server.stop()
        shutil.rmtree(bench.work, ignore_errors=True)
    if bench.results.all:
        with open(os.path.join(o.out, "results.txt")) as f:
            print(f.read())
    failed = bench.results.failed()
    print(f"written to {o.out}; {failed} steps failed, {bench.broken} scenarios ended early")
    return 1 if failed or bench.broken else 0


if __name__ == "__main__":
    sys.exit(main())
