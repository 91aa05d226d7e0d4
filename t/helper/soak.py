#!/usr/bin/python3
"""soak.py URL SECONDS SEED [KILLS]

Two clones on one store and one remote, URL, in the current folder.  Both add,
alter, drop, take over what the other has, commit and push, while the store and
the remote are collected; KILLS (25) of a hundred dv processes are killed.  What
is killed is run again and has to succeed.  In the end all that was pushed has to
come back in a fresh clone, and store and remote have to be whole.
"""
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

URL, SECONDS, SEED = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
KILLS = float(sys.argv[4]) / 100 if len(sys.argv) > 4 else 0.25
TOP = os.getcwd()
# What may be answered to a command that did nothing wrong.
EXPECTED = ("somebody else is collecting", "collected again and again",
            "being removed at")


class Failed(Exception):
    pass


class Actor(threading.Thread):
    """Somebody who works in a clone; `count` is of commands and kills."""

    def __init__(self, name, until):
        super().__init__(name=name)
        self.rng = random.Random(f"{SEED} {name}")
        self.until = until
        self.failure = None
        self.count = {}
        self.took = {}
        self.log = open(f"{TOP}/{name}.log", "w", buffering=1)

    def note(self, key):
        self.count[key] = self.count.get(key, 0) + 1

    def once(self, cwd, command, kill_after=None):
        start = time.monotonic()
        p = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True)
        if kill_after is not None:
            try:
                p.wait(kill_after)
            except subprocess.TimeoutExpired:
                p.kill()
        out = p.communicate()[0]
        self.log.write(f"{time.time():.3f} {cwd[len(TOP):]} $ {' '.join(command)}\n{out}= {p.returncode}\n")
        if p.returncode == 0:
            verb = command[1]
            self.took[verb] = max(self.took.get(verb, 0.02), time.monotonic() - start)
        return p.returncode, out

    def dv(self, cwd, *args):
        command = ["dv", *args]
        self.note(args[0])
        while self.rng.random() < KILLS:
            after = self.rng.random() * self.took.get(args[0], 0.1)
            if self.once(cwd, command, after)[0] == -signal.SIGKILL:
                self.note("killed " + args[0])
        for _ in range(20):
            code, out = self.once(cwd, command)
            if code == 0:
                return out
            if not any(e in out for e in EXPECTED):
                break
            self.note("again " + args[0])
        raise Failed(f"{cwd}: dv {' '.join(args)}: {code}\n{out}")

    def git(self, cwd, *args):
        # a git that a killed dv had started may still be at work
        for _ in range(100):
            code, out = self.once(cwd, ["git", *args])
            if code == 0:
                return out
            if ".lock" not in out:
                break
            time.sleep(0.05)
        raise Failed(f"{cwd}: git {' '.join(args)}: {code}\n{out}")

    def run(self):
        try:
            while time.monotonic() < self.until and not stop.is_set():
                self.step()
        except Exception as e:
            self.failure = e
            stop.set()


stop = threading.Event()


def content(seed, size):
    return random.Random(seed).randbytes(size)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def described(folder, paths):
    """What is below these paths, by content."""
    out = {}
    for p in paths:
        full = f"{folder}/{p}"
        if os.path.isdir(full):
            for root, _, files in os.walk(full):
                for f in files:
                    out[os.path.relpath(f"{root}/{f}", folder)] = digest(f"{root}/{f}")
        elif os.path.exists(full):
            out[p] = digest(full)
    return out


class Worker(Actor):
    def __init__(self, name, other, until):
        super().__init__(name, until)
        self.repo, self.other = f"{TOP}/{name}", other

    def tracked(self):
        return [l[:-3] for l in self.git(self.repo, "ls-files", "*.dv").splitlines()]

    def alter(self):
        """A few files; contents come from a small stock, so they come back."""
        r = self.rng
        for _ in range(r.randrange(1, 4)):
            seed = r.randrange(12)
            kind = r.randrange(4)
            if kind == 0:
                write(f"{self.repo}/file{r.randrange(3)}", content(seed, 90000 + seed * 1000))
            elif kind == 1:
                write(f"{self.repo}/big", content(seed, 2500000) + content(r.randrange(3), 300000))
            elif kind == 2:
                write(f"{self.repo}/dir/s{seed % 3}/f{r.randrange(40)}", content(seed, 3000 + seed))
            else:
                write(f"{self.repo}/own", content(f"{self.name} {r.random()}", 50000))

    def record(self):
        paths = [p for p in ("file0", "file1", "file2", "big", "dir", "own", "taken")
                 if os.path.exists(f"{self.repo}/{p}")]
        before = described(self.repo, paths)
        self.dv(self.repo, "add", "-q", *paths)
        if described(self.repo, paths) != before:
            raise Failed("add has altered what it adds")
        write(f"{self.repo}/manifest.json", json.dumps(before, sort_keys=True).encode())
        self.git(self.repo, "add", "-A")
        self.git(self.repo, "commit", "-q", "--allow-empty", "-m", "step")

    def publish(self):
        self.dv(self.repo, "push", "-q", "-A")
        self.git(self.repo, "push", "-q", "-f", "origin", "HEAD:" + self.name)

    def drop(self):
        if int(self.git(self.repo, "rev-list", "--count", "HEAD")) < 4:
            return
        self.git(self.repo, "reset", "-q", "--hard", "HEAD~%d" % self.rng.randrange(1, 3))
        self.git(self.repo, "reflog", "expire", "--expire=now", "--all")
        if os.path.exists(f"{self.repo}/.git/ORIG_HEAD"):
            os.unlink(f"{self.repo}/.git/ORIG_HEAD")
        self.dv(self.repo, "pull", "-q", "-f")
        self.check()

    def take(self):
        """What the other has, as it is on his branch."""
        self.git(self.repo, "fetch", "-q", "-p", "origin")
        ref = f"origin/{self.other}"
        if self.once(self.repo, ["git", "cat-file", "-e", f"{ref}:big.dv"])[0]:
            return
        text = self.git(self.repo, "show", f"{ref}:big.dv")
        want = json.loads(self.git(self.repo, "show", f"{ref}:manifest.json"))["big"]
        write(f"{self.repo}/taken.dv", text.encode())
        try:
            self.dv(self.repo, "pull", "-q", "-f", "taken")
        except Failed as e:
            # he may have dropped it since: then nobody promised anything
            self.git(self.repo, "fetch", "-q", "-p", "origin")
            revs = self.git(self.repo, "rev-list", ref).split()
            if any(self.once(self.repo, ["git", "show", f"{c}:big.dv"])[1] == text for c in revs):
                raise e
            self.note("taken too late")
            self.git(self.repo, "rm", "-q", "-f", "--ignore-unmatch", "taken.dv")
            for p in ("taken", "taken.dv"):
                if os.path.exists(f"{self.repo}/{p}"):
                    os.unlink(f"{self.repo}/{p}")
            return
        if digest(f"{self.repo}/taken") != want:
            raise Failed("taken: other bytes")

    def away_and_back(self):
        for p in self.tracked():
            full = f"{self.repo}/{p}"
            shutil.rmtree(full) if os.path.isdir(full) else os.path.exists(full) and os.unlink(full)
        self.dv(self.repo, "checkout", "-q", "-f")
        self.check()

    def check(self):
        with open(f"{self.repo}/manifest.json") as f:
            want = json.load(f)
        if described(self.repo, self.tracked()) != want:
            raise Failed("the work tree is not what was committed")

    def step(self):
        self.alter()
        if self.rng.random() < 0.3:
            self.take()
        self.record()
        if self.rng.random() < 0.8:
            self.publish()
        if self.rng.random() < 0.3:
            self.drop()
        elif self.rng.random() < 0.3:
            self.away_and_back()


class Collector(Actor):
    """gc beside them: of the store, or of the remote."""

    def __init__(self, name, repos, until):
        super().__init__(name, until)
        self.repos = repos

    def step(self):
        here = self.rng.choice(self.repos)
        args = ["gc", "--grace", self.rng.choice(["now", "1s", "2s"])]
        if self.name.startswith("remote"):
            args += ["-r", "origin", "--repo", *[r for r in self.repos if r != here]]
        elif self.rng.random() < 0.1:
            args = ["fsck", "-q"]
        self.dv(here, *args)


def run(cwd, *command):
    p = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True)
    if p.returncode:
        raise Failed(f"{cwd}: {' '.join(command)}: {p.returncode}\n{p.stdout}")
    return p.stdout


def set_up():
    run(TOP, "git", "init", "-q", "--bare", "hub.git")
    for name in ("one", "two"):
        repo = f"{TOP}/{name}"
        run(TOP, "git", "init", "-q", name)
        run(repo, "dv", "init", "-q")
        run(repo, "dv", "config", "--local", "store.path", f"{TOP}/store")
        run(repo, "dv", "remote", "add", "origin", URL)
        run(repo, "git", "add", "-A")
        run(repo, "git", "commit", "-qm", "begin")
        run(repo, "git", "remote", "add", "origin", f"{TOP}/hub.git")
        run(repo, "git", "push", "-q", "origin", f"HEAD:{name}")


def all_came_back():
    """Every commit at the hub, in a fresh clone with a store of its own."""
    commits = 0
    for name in ("one", "two"):
        run(TOP, "git", "clone", "-q", "-b", name, "hub.git", f"fresh-{name}")
        repo = f"{TOP}/fresh-{name}"
        for commit in run(repo, "git", "rev-list", "HEAD").split():
            run(repo, "git", "checkout", "-q", commit)
            if not os.path.exists(f"{repo}/manifest.json"):
                continue
            run(repo, "dv", "pull", "-q", "-f")
            with open(f"{repo}/manifest.json") as f:
                want = json.load(f)
            tracked = [l[:-3] for l in run(repo, "git", "ls-files", "*.dv").splitlines()]
            if described(repo, tracked) != want:
                raise Failed(f"{name} {commit}: other bytes")
            commits += 1
    return commits


def no_leftovers():
    """git has seen nothing of what the killed have left."""
    for repo in ("one", "two"):
        seen = run(f"{TOP}/{repo}", "git", "status", "--porcelain", "-uall") + \
            run(f"{TOP}/{repo}", "git", "log", "--all", "--name-only", "--format=")
        if "dv-tmp" in seen:
            raise Failed(f"half-written files in {repo}\n{seen}")


def main():
    set_up()
    until = time.monotonic() + SECONDS
    repos = [f"{TOP}/one", f"{TOP}/two"]
    workers = [Worker("one", "two", until), Worker("two", "one", until)]
    actors = workers + [Collector("store-gc", repos, until), Collector("remote-gc", repos, until)]
    for a in actors:
        a.start()
    for a in actors:
        a.join()
    count = {}
    for a in actors:
        for k, n in a.count.items():
            count[k] = count.get(k, 0) + n
    print(json.dumps(count, sort_keys=True))
    failed = [a for a in actors if a.failure]
    for a in failed:
        print(f"{a.name}: {a.failure!r}\n{a.failure}")
    if failed:
        return 1
    for w in workers:
        w.check()
        w.until = 0
        w.dv = lambda cwd, *args: run(cwd, "dv", *args)
        w.publish()
        run(w.repo, "dv", "fsck")
    run(workers[0].repo, "dv", "fsck", "-r", "origin")
    no_leftovers()
    print(f"commits that came back whole: {all_came_back()}")
    return 0


sys.exit(main())
