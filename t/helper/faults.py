#!/usr/bin/python3
"""faults.py FAULT [STEP...]

Runs each step of the main job again and again in a copy of one repository, with a
fault put by strace into the n-th call of one system call that changes something, for
each of these and every n until the step is not hit any more.  Then the step is run as
it is, and has to end as if nothing had been.

FAULT: kill, term, int (signals), full, error (the n-th fails: no space, input/output
error), stays-full (from the n-th on; nothing can be said either).  In the environment:
EVERY=<k>, only each k-th n; CALLS="<call>...", only these; KEEP=1 leaves the folders.
"""
import concurrent.futures
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

FAULT = sys.argv[1]
HOW = {"kill": "signal=SIGKILL", "term": "signal=SIGTERM", "int": "signal=SIGINT",
       "full": "error=ENOSPC", "stays-full": "error=ENOSPC", "error": "error=EIO"}[FAULT]
SIGNAL = HOW.startswith("signal")
EVERY = int(os.environ.get("EVERY", "1"))
NEEDS_ROOM = """write pwrite64 ftruncate fallocate rename renameat2 linkat symlinkat mkdir
    mkdirat fsync fdatasync""".split()
OTHERS = "openat ioctl unlink unlinkat rmdir fchmod utimensat".split()
CALLS = os.environ.get("CALLS", "").split() or NEEDS_ROOM + (OTHERS if SIGNAL else [])
HELPER = os.path.dirname(os.path.abspath(__file__))
TOP = tempfile.mkdtemp(prefix="dv-faults.")
ENV = dict(os.environ, HOME=TOP, GIT_CONFIG_NOSYSTEM="1", LC_ALL="C.UTF-8",
           GIT_AUTHOR_NAME="A", GIT_AUTHOR_EMAIL="a@example.com",
           GIT_COMMITTER_NAME="A", GIT_COMMITTER_EMAIL="a@example.com",
           GIT_AUTHOR_DATE="2026-01-01T00:00:00Z",
           GIT_COMMITTER_DATE="2026-01-01T00:00:00Z")

# --- the steps: what comes before, and what is hit ----------------------------

BASE = """git init -q repo && cd repo && git config gc.auto 0 && dv init -q &&
    git commit -qm begin && cp -a ../input/. ."""
ADDED = BASE + " && dv add -q data model && git add -A && git commit -qm added"
CHANGE = """ && printf changed >data/f3 && rm data/f4 && mkdir -p data/new &&
    cp model data/new/m && head -c 200000 data/big >data/x && mv data/x data/big &&
    printf more >>model"""
TWO = ADDED + CHANGE + " && dv commit -q && git commit -qam changed"
REMOTE = """ && mkdir ../remote && dv remote add origin ../remote && git add -A &&
    git commit -qm remote"""
GONE = " && rm -r data model"
FORGET = """ && git reset -q --hard HEAD^ && git reflog expire --expire=now --all &&
    rm -f .git/ORIG_HEAD"""
PUSH = " && dv push -q -A"


def link(kind):
    return f""" && dv config --local store.link {kind} &&
        dv config --local store.linkfrom 100k"""


steps = {
    "init": ("git init -q repo", "dv init -q"),
    "add": (BASE, "dv add -q data model"),
    "add-again": (ADDED + CHANGE, "dv add -q data model"),
    "add-hardlink": (BASE + link("hardlink"), "dv add -q data model"),
    "commit": (ADDED + CHANGE, "dv commit -q"),
    "checkout": (TWO + " && git checkout -q HEAD~1", "dv checkout -q"),
    "checkout-all": (TWO + GONE, "dv checkout -q"),
    "checkout-hardlink": (TWO + GONE + link("hardlink"), "dv checkout -q"),
    "checkout-symlink": (TWO + GONE + link("symlink"), "dv checkout -q"),
    "unprotect": (ADDED + link("hardlink") + " && dv checkout -q --relink",
                  "dv unprotect -q data model"),
    "rm": (ADDED, "dv rm -q data"),
    "rm-two": (ADDED, "dv rm -q model data/sub"),
    "mv": (ADDED, "dv mv -q model model2"),
    "mv-inside": (ADDED, "dv mv -q data/sub data/sub2"),
    "mv-folder": (ADDED + " && mkdir sub", "dv mv -q data sub"),
    "gc": (TWO + GONE + FORGET + " && dv checkout -q -f", "dv gc -q --grace now"),
    "push": (TWO + REMOTE, "dv push -q -A"),
    "gc-remote": (ADDED + REMOTE + PUSH + """ && cp model m2 && printf z >>m2 &&
        dv add -q m2 && git add -A && git commit -qm m2""" + PUSH + FORGET +
                  " && rm m2 && dv gc -q -r origin --grace now",
                  "dv gc -q -r origin --grace now"),
    "pull": (TWO + REMOTE + PUSH + " && cd .. && mv repo first && git clone -q first repo",
             "dv pull -q"),
    "fsck-repair": (TWO + REMOTE + PUSH + """ &&
        p=$(ls -S .git/dv/data/*.pack | head -n 1) && chmod u+w $p &&
        printf '%0200d' 0 | dd of=$p bs=1 seek=3000 conv=notrunc 2>&1""",
                    "dv fsck -q --repair"),
    "migrate-dvc": (f"""git init -q repo && cd repo && mkdir .dvc &&
        printf '[core]\\n' >.dvc/config && cp -a ../input/. . && rm data/link &&
        python3 {HELPER}/dvc-repo.py add data model && dv init -q && git add -A &&
        git commit -qm dvc""", "dv migrate --from-dvc -q"),
    "import-url": (BASE + """ && mkdir ../from && cp -a ../input/data/. ../from &&
        rm ../from/link""", "dv import-url -q ../from"),
}


def sh(cwd, script):
    p = subprocess.run(["sh", "-c", script], cwd=cwd, env=ENV, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return p.returncode, p.stdout


def must(cwd, script):
    code, out = sh(cwd, script)
    if code:
        raise SystemExit(f"{cwd}: {script}: {code}\n{out}")


def inputs(top):
    sizes = {"model": 300000, "data/big": 1200000, "data/sub/b": 40000, "data/empty": 0}
    sizes.update({f"data/f{i}": 2000 + i for i in range(12)})
    os.makedirs(f"{top}/data/sub")
    for name, size in sizes.items():
        with open(f"{top}/{name}", "wb") as f:
            f.write(random.Random(name).randbytes(size))
    os.symlink("f1", f"{top}/data/link")


# --- what there is to see ---------------------------------------------------------


def bytes_of(path):
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith(".dv"):  # a source has a path of this copy in it
        data = re.sub(rb"/dv-faults[^/]*/[^/]*/", b"/", data)
    return hashlib.sha256(data).hexdigest()


def tree(top):
    """Everything in the work tree, by content."""
    out = {}
    for root, folders, files in os.walk(top):
        if ".git" in folders:
            folders.remove(".git")
        for name in folders + files:
            path = f"{root}/{name}"
            if os.path.islink(path) and "/.git/dv/" not in os.readlink(path):
                what = "-> " + os.readlink(path)
            else:
                what = "folder" if os.path.isdir(path) else bytes_of(path)
            out[os.path.relpath(path, top)] = what
    return out


def state(top):
    """What the user can see, and whether store and remote are whole."""
    repo = f"{top}/repo"
    asked = {"git": "git status --porcelain", "dv": "dv status --json",
             "fsck": "dv fsck -q", "config": "git config --local --list"}
    if os.path.isdir(f"{top}/remote"):
        asked["remote"] = "dv fsck -q -r origin"
    return dict({k: sh(repo, c) for k, c in asked.items()}, tree=tree(repo))


def left(top):
    """Temporary files, and locks whose being there locks."""
    found = []
    for root, folders, files in os.walk(f"{top}/repo"):
        found += [f"{root}/{f}" for f in folders + files if "dv-tmp" in f]
        if root.endswith(".git"):
            found += [f"{root}/{f}" for f in files if f in ("index.lock", "config.lock")]
        if "/dv/tmp/" in root:
            found += [f"{root}/{f}" for f in files]
    return found


def differ(a, b):
    if not isinstance(a, dict):
        return a, b
    return {k: (a.get(k), b.get(k)) for k in set(a) | set(b) if a.get(k) != b.get(k)}


# --- one fault -------------------------------------------------------------------------


def is_wrong_end(code, out, where, top):
    """Of the run that was hit."""
    if FAULT == "kill":
        return []
    wrong = []
    # a signal before it is caught ends dv by itself
    if code not in ((0, 130, -2, -15) if SIGNAL else (0, 1)):
        wrong.append(f"exit {code}: {out}")
    clear = re.search("No space|Input/output", out)
    if code == 1 and FAULT in ("full", "error") and not clear and \
            not re.search(r" write\([12],", where):
        wrong.append(f"unclear: {out}")
    if FAULT != "stays-full" and left(top):
        wrong.append(f"left behind (exit {code}): {left(top)[:5]}")
    return wrong


def hit(top, step, want, call, n):
    """Where it was hit (or None), and what is wrong then."""
    repo, log = f"{top}/repo", f"{top}/strace"
    when = f"{n}+" if FAULT == "stays-full" else n
    code, out = sh(repo, f"exec strace -qq -f -o {log} -e trace={call} "
                         f"-e inject={call}:{HOW}:when={when} {step}")
    name = HOW.partition("=")[2]
    with open(log, errors="replace") as f:
        where = [l.strip() for l in f if "INJECTED" in l or f"killed by {name}" in l or
                 f"--- {name} " in l]
    if not where:
        return None, []
    wrong = is_wrong_end(code, out, where[0], top)
    if code == 0 and FAULT != "kill":
        found = state(top)
        wrong += [f"after exit 0: {k}: {differ(found[k], want[k])}" for k in want
                  if found[k] != want[k]]
    code, out = sh(repo, step)
    found = state(top)
    # of a git that was killed its locks stay
    if found != want and not (FAULT == "kill" and re.search("lock.*File exists", out)):
        wrong.append(f"again: exit {code}: {out}")
        wrong += [f"{k}: {differ(found[k], want[k])}" for k in want if found[k] != want[k]]
    return where[0], wrong


def one(name, base, want, call, n):
    top = f"{TOP}/{name}.{call}.{n}"
    subprocess.run(["cp", "-a", base, top], check=True)
    where, wrong = hit(top, steps[name][1], want, call, n)
    if not os.environ.get("KEEP"):
        shutil.rmtree(top)
    for i, w in enumerate(wrong):
        print(f"    {w[:600]}" if i else f"{name} {FAULT} {call} {n}: {where}\n    {w[:600]}",
              flush=True)
    return bool(where), bool(wrong)


def try_step(name, pool):
    before, step = steps[name]
    base, done = f"{TOP}/{name}", f"{TOP}/{name}.done"
    os.mkdir(base)
    inputs(f"{base}/input")
    must(base, before)
    shutil.rmtree(f"{base}/input")
    subprocess.run(["cp", "-a", base, done], check=True)
    must(f"{done}/repo", step)
    want = state(done)
    tried = bad = 0
    for call in CALLS:
        n, going = 1, True
        while going:
            two = [n, n + EVERY]
            n += 2 * EVERY
            for was_hit, wrong in pool.map(lambda k: one(name, base, want, call, k), two):
                tried += was_hit
                bad += wrong
                going = was_hit
    print(f"{name}: {tried} x {FAULT}, {bad} bad", flush=True)
    return bad


def main():
    must(TOP, "git config --global init.defaultBranch main")
    try:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return sum(try_step(name, pool) for name in sys.argv[2:] or steps) > 0
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(TOP, ignore_errors=True)


sys.exit(main())
