#!/usr/bin/python3
"""dv beside cp, tar, sha256sum and git on the same data, in one run.

    bench.py [--size MIB] [--files N] [--runs N] [--work DIR] [--csv FILE] [WORKLOAD...]

Workloads: start big edit csv small remote s3.  Each step is run --runs times on
fresh state; minimum and median are shown.  CPU is user + system of the command and
its children, peak is the largest resident size.  The ratio is CPU against CPU of
the plain tool on the same data.  Needs the built dv in ../../build (or $DV) and
git; the s3 workload needs radosgw (t/helper/radosgw.sh).
"""
import argparse
import csv as csv_module
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DV = os.environ.get("DV", os.path.join(HERE, "../../build/dv"))
HELPER = os.path.join(HERE, "../helper")
MIB = 1 << 20


class Bench:
    def __init__(self, options):
        self.o = options
        self.work = tempfile.mkdtemp(prefix="dv-bench.", dir=options.work)
        self.rows = []
        self.env = dict(os.environ, HOME=self.work, GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8",
                        GIT_AUTHOR_NAME="b", GIT_AUTHOR_EMAIL="b@example.com",
                        GIT_COMMITTER_NAME="b", GIT_COMMITTER_EMAIL="b@example.com",
                        AWS_EC2_METADATA_DISABLED="true",
                        PATH=os.path.dirname(os.path.abspath(DV)) + ":" + os.environ["PATH"])

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def sh(self, command, cwd=None):
        """A step that is not timed."""
        subprocess.run(command, shell=True, cwd=cwd or self.work, env=self.env, check=True,
                       stdout=subprocess.DEVNULL)

    def once(self, argv, cwd):
        """Wall and CPU seconds and peak KiB of one command."""
        os.sync()
        begin = time.monotonic()
        child = subprocess.Popen(argv, cwd=cwd, env=self.env, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE)
        error = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        if status:
            sys.exit(f"{argv} failed: {error.decode(errors='replace')}")
        return (time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)

    def step(self, workload, name, argv, cwd=None, before=None, against=None, runs=None, note=""):
        """Times argv; `before` is a shell command that makes fresh state for each run."""
        results = []
        for _ in range(runs or self.o.runs):
            if before:
                self.sh(before, cwd)
            results.append(self.once(argv, cwd or self.work))
        wall = [r[0] for r in results]
        cpu = [r[1] for r in results]
        row = dict(workload=workload, step=name, wall_min=min(wall), wall_median=statistics.median(wall),
                   cpu_min=min(cpu), cpu_median=statistics.median(cpu),
                   peak_mib=max(r[2] for r in results) / 1024, ratio="", against="", note=note)
        if against:
            base = next(r for r in self.rows if r["workload"] == workload and r["step"] == against)
            row["ratio"] = row["cpu_min"] / max(base["cpu_min"], 1e-4)
            row["against"] = against
        self.rows.append(row)
        self.show(row)
        return row

    def show(self, r):
        ratio = f"{r['ratio']:6.2f} x {r['against']}" if r["ratio"] != "" else ""
        print(f"{r['workload']:7} {r['step']:34} {r['wall_min']:8.3f} {r['wall_median']:8.3f} "
              f"{r['cpu_min']:8.3f} {r['cpu_median']:8.3f} {r['peak_mib']:7.0f}  {ratio}  {r['note']}", flush=True)

    def remark(self, workload, text):
        print(f"{workload:7} {text}", flush=True)

    def repo(self, name):
        self.sh(f"rm -rf {name} && git init -q -b main {name} && cd {name} && dv init -q && git commit -qm init")
        return self.path(name)

    # --- workloads -----------------------------------------------------------

    def start(self):
        repo = self.repo("start")
        self.sh("echo x >d && dv add -q d && git add -A && git commit -qm d", repo)
        for name, argv, against in (("true", ["true"], None), ("dv version", ["dv", "version"], "true"),
                                    ("git status", ["git", "status"], None),
                                    ("dv status", ["dv", "status"], "git status")):
            self.step("start", name, argv, cwd=repo, against=against, runs=50)

    def random_file(self):
        path = self.path("rand")
        if not os.path.exists(path):
            self.sh(f"openssl enc -aes-128-ctr -nosalt -K 01 -iv 00 </dev/zero 2>/dev/null | "
                    f"head -c {self.o.size * MIB} >rand")
        return path

    def big(self):
        source = self.random_file()
        repo = self.repo("big")
        self.sh(f"cp {source} data && cat data >/dev/null", repo)
        self.step("big", "cp", ["cp", "data", "copy"], cwd=repo, before="rm -f copy")
        self.step("big", "sha256sum", ["sha256sum", "data"], cwd=repo)
        self.step("big", "dv add", ["dv", "add", "-q", "data"], cwd=repo, against="cp",
                  before="rm -rf copy .git/dv data.dv .gitignore; touch -d '1 hour ago' data")
        self.step("big", "dv status, unchanged", ["dv", "status"], cwd=repo, against="cp")
        self.step("big", "dv checkout", ["dv", "checkout"], cwd=repo, against="cp", before="rm -f data")
        self.sh("git add -A && git commit -qm v1", repo)

    def edit(self):
        repo = self.path("big")
        if not os.path.exists(repo):
            self.big()
        half = self.o.size * MIB // 2
        store = sum_bytes(self.path("big/.git/dv"))
        self.sh(f"(head -c {half} {self.path('rand')}; openssl enc -aes-128-ctr -nosalt -K 02 -iv 00 </dev/zero 2>/dev/null | "
                f"head -c {MIB}; tail -c +{half + 1} {self.path('rand')}) >data", repo)
        self.step("edit", "sha256sum", ["sha256sum", "data"], cwd=repo)
        self.step("edit", "dv add, 1 MiB inserted", ["dv", "add", "-q", "data"], cwd=repo, runs=1)
        self.remark("edit", f"store grew by {(sum_bytes(self.path('big/.git/dv')) - store) / MIB:.2f} MiB")
        self.sh("git commit -qam v2", repo)
        self.step("edit", "dv checkout, v2 to v1 to v2", ["sh", "-c", "git checkout -q HEAD~1 && dv checkout -q && git checkout -q main && dv checkout -q"],
                  cwd=repo, runs=1)

    def csv(self):
        rng = random.Random(3)
        words = [f"{rng.randrange(10 ** 6)}" for _ in range(5000)]
        repo = self.repo("csv")
        with open(os.path.join(repo, "data"), "w") as f:
            size, row = 0, 0
            while size < self.o.size * MIB // 4:
                block = "".join(f"{row + i},{rng.choice(words)},{rng.random():.6f},{rng.choice(words)},label{i % 7}\n"
                                for i in range(10000))
                row += 10000
                size += f.write(block)
        self.step("csv", "cp", ["cp", "data", "copy"], cwd=repo, before="rm -f copy")
        self.step("csv", "zstd -1", ["zstd", "-1", "-q", "-f", "-T2", "data", "-o", "copy"], cwd=repo)
        self.step("csv", "dv add", ["dv", "add", "-q", "data"], cwd=repo, against="zstd -1",
                  before="rm -rf .git/dv data.dv .gitignore; touch -d '1 hour ago' data")
        self.remark("csv", f"stored {sum_bytes(os.path.join(repo, '.git/dv')) / MIB:.1f} of {size / MIB:.1f} MiB, "
                    f"zstd -1 {os.path.getsize(os.path.join(repo, 'copy')) / MIB:.1f}")

    def small(self):
        repo = self.repo("small")
        small_files(os.path.join(repo, "data"), self.o.files)
        self.sh("find data -exec touch -h -d '1 hour ago' {} +; tar cf ../warm data", repo)
        self.step("small", "tar cf", ["tar", "cf", self.path("out.tar"), "data"], cwd=repo)
        self.step("small", "tar | zstd -1", ["sh", "-c", f"tar c data | zstd -1 -q -f -o {self.path('out.tzst')}"], cwd=repo)
        self.step("small", "dv add", ["dv", "add", "-q", "data"], cwd=repo, against="tar cf",
                  before="rm -rf .git/dv data.dv .gitignore")
        self.remark("small", f"stored {sum_bytes(os.path.join(repo, '.git/dv')) / MIB:.1f} MiB, "
                    f"tar | zstd -1 {os.path.getsize(self.path('out.tzst')) / MIB:.1f}")
        self.sh("git init -q ../smallgit && cp -a data ../smallgit/ && cd ../smallgit && git add -A && git commit -qm x && git status", repo)
        self.step("small", "find -printf", ["find", "data", "-printf", "%s %T@\n"], cwd=repo)
        self.step("small", "git status", ["git", "status"], cwd=self.path("smallgit"))
        self.step("small", "dv status, unchanged", ["dv", "status"], cwd=repo, against="git status")
        self.step("small", "dv add, unchanged", ["dv", "add", "-q", "data"], cwd=repo, against="git status")
        self.sh("git add -A && git commit -qm v1", repo)
        self.step("small", "tar xf", ["tar", "xf", self.path("out.tar"), "-C", self.path("untar")],
                  before=f"rm -rf {self.path('untar')}; mkdir {self.path('untar')}")
        self.step("small", "dv checkout", ["dv", "checkout"], cwd=repo, against="tar xf", before="rm -rf data")

    def transfer(self, workload, repo, url):
        self.sh(f"dv remote add {workload} {url}", repo)
        what = os.path.basename(repo)
        for name in ("push", "push, nothing to do,"):
            self.step(workload, f"dv {name} of {what}", ["dv", "push", "-r", workload], cwd=repo, runs=1)
        out = subprocess.run(["dv", "push", "--json", "-r", workload], cwd=repo, env=self.env, capture_output=True, text=True)
        self.remark(workload, f"nothing to do: {out.stdout.strip()}")
        clone = self.path("clone")
        self.sh(f"rm -rf {clone} && git clone -q {repo} {clone} && cd {clone} && (dv remote add {workload} {url} || true)")
        self.step(workload, f"dv pull of {what}", ["dv", "pull", "-q", "-r", workload], cwd=clone, runs=1)
        self.sh(f"diff -r --no-dereference {repo}/data {clone}/data")

    def repos(self):
        for name, make in (("big", self.big), ("small", self.small)):
            if not os.path.exists(self.path(name)):
                make()
            yield self.path(name)

    def remote(self):
        for repo in self.repos():
            there = self.path("remote-" + os.path.basename(repo))
            os.mkdir(there)
            self.step("remote", f"cp -r of {os.path.basename(repo)}", ["cp", "-r", "data", self.path("copied")], cwd=repo, before="rm -rf ../copied")
            self.transfer("remote", repo, there)

    def s3(self):
        server = os.path.join(HELPER, "radosgw.sh")
        where = self.path("rgw")
        lines = subprocess.run([server, "start", where], capture_output=True, text=True, check=True).stdout
        try:
            values = dict(line.split("=", 1) for line in lines.split())
            self.env.update({k: v for k, v in values.items() if k.startswith("AWS_")})
            self.env["AWS_ENDPOINT_URL"] = self.env["S3_ENDPOINT"] = values["S3_ENDPOINT"]
            self.sh(f"python3 {HELPER}/s3-bucket.py create bench")
            for repo in self.repos():
                self.transfer("s3", repo, f"s3://bench/{os.path.basename(repo)}")
        finally:
            subprocess.run([server, "stop", where], check=False)


def sum_bytes(top):
    return sum(os.lstat(os.path.join(d, n)).st_size for d, _, names in os.walk(top) for n in names)


def small_files(top, count):
    rng = random.Random(7)
    for i in range(count):
        folder = f"{top}/s{i // 1000}"
        if i % 1000 == 0:
            os.makedirs(folder)
        n = rng.randrange(500, 4000)
        with open(f"{folder}/f{i:06d}", "wb") as f:
            f.write(rng.randbytes(n) if i % 2 else (b"%08d,some,row,of,text\n" % rng.randrange(10 ** 8)) * (n // 31 + 1))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=int, default=1024, help="MiB of the big file")
    p.add_argument("--files", type=int, default=100000)
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--work", default=os.environ.get("TMPDIR", "/var/tmp"), help="where the data go: measure a disk, not a tmpfs")
    p.add_argument("--csv", help="write the figures there too")
    p.add_argument("workload", nargs="*", default=["start", "big", "edit", "csv", "small", "remote", "s3"])
    o = p.parse_args()
    b = Bench(o)
    print(f"{'':7} {'step':34} {'wall min':>8} {'median':>8} {'cpu min':>8} {'median':>8} {'MiB':>7}  ratio of cpu")
    try:
        for name in o.workload:
            getattr(b, name)()
    finally:
        shutil.rmtree(b.work, ignore_errors=True)
    if o.csv:
        with open(o.csv, "w", newline="") as f:
            w = csv_module.DictWriter(f, list(b.rows[0]))
            w.writeheader()
            w.writerows(b.rows)


main()
