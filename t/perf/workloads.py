"""One tool, one set of data, from the first add to gc."""
import os
import shutil
import time

import data
import measure

# to and from a server, which is the second word
TRANSFERS = ("push", "re-push", "part-pull", "pull", "re-pull")
STEPS = ("start", "add", "re-add", "status", "checkout", "status-edit", "add-edit", "switch") + TRANSFERS + ("fsck", "gc")
# what others build on
NEEDED = ("add", "add-edit", "push")


class Case:
    """One repository of one tool."""

    def __init__(self, bench, tool, source, number):
        self.bench, self.tool, self.tree = bench, tool, source.tree
        self.workload, self.data = source.name, "data"
        self.root = os.path.join(bench.work, f"{source.name}-{tool.name}-{number}")
        self.repo = os.path.join(self.root, "repo")
        self.clone = os.path.join(self.root, "clone")
        self.store = os.path.join(self.root, "store")
        # a name that needs no escaping in an address
        self.id = f"{source.name}-{tool.name}-{number}".replace("+", "-")
        self.kept = 0.0		# MiB that the tool had stored when last looked at
        os.makedirs(self.repo)

    def url(self, kind):
        return self.bench.servers[kind].url(self.id)

    def quiet(self, command, cwd=None):
        if command:
            measure.run(command, cwd or self.repo, self.bench.env)

    def step(self, name, command, cwd=None, extra=None):
        """Times a command; False when it was not run: the tool has none, it failed, or nobody asked for it."""
        if not command:
            return False
        if not self.bench.wanted(name):
            if name.split(" ")[0] not in NEEDED:
                return False
            self.quiet(command, cwd)
            return True
        key = (self.workload, name, self.tool.name)
        before = self.tool.before(self, name)
        try:
            self.quiet(before)
            measure.touch_memory(self.bench.touch)
            result = measure.timed(command, cwd or self.repo, self.bench.env, self.bench.limit)
            result.update(extra(result) if extra else {})
        except (RuntimeError, OSError) as e:
            self.bench.results.add(key, dict(error=str(e)))
            return False
        self.bench.results.add(key, result)
        return True

    def repeat(self, name, command):
        """A step that changes nothing: up to five times, as long as that is soon done."""
        until = time.monotonic() + 20
        for _ in range(5):
            if not self.step(name, command) or time.monotonic() > until:
                return

    def size(self):
        """Bytes of the data, as they are now."""
        path = os.path.join(self.repo, self.data)
        return measure.bytes_below(path) if self.tree else os.path.getsize(path)

    def compare(self, step, one, other):
        """What a step made must be what was added, or its time says nothing."""
        try:
            self.quiet(f"diff -rq {one} {other}")
        except RuntimeError:
            self.bench.results.fail((self.workload, step, self.tool.name), "the data are not those that were added")

    def stored(self, _):
        now = measure.bytes_below(*self.tool.stored(self)) / data.MIB
        result = dict(stored_mib=now, grown_mib=now - self.kept) if self.kept else dict(stored_mib=now)
        self.kept = now
        return result


def local(case, source, versions, brief):
    """add, status, edit, switch; of a tool that takes minutes only the first two.  False then."""
    tool = case.tool
    first, edited = versions
    case.quiet(tool.init(case))
    # as a user's data is: written a while ago
    case.quiet(f"cp -rT {first} {case.data} && find {case.data} -exec touch -h -d '1 hour ago' {{}} +")
    added = case.step("add", tool.add(case), extra=case.stored)
    case.quiet(tool.commit(case))
    if added and tool.remembers and not brief:
        case.step("re-add", tool.add(case))
    if case.bench.wanted("status"):
        case.quiet(tool.status(case))		# git's own first look is not what is measured
        case.repeat("status", tool.status(case))
    if brief:
        return False
    if tool.checkout(case) and case.bench.wanted("checkout"):
        # moved away, not removed: ext4 is slow to make files where some were just removed
        case.quiet(f"mv {case.data} {case.root}/away")
        if case.step("checkout", tool.checkout(case)):
            case.compare("checkout", first, case.data)
        case.quiet(f"test -e {case.data} || mv {case.root}/away {case.data}")
    if source.name == "million" or not added:
        return True
    case.quiet(tool.before(case, "edit"))
    if source.tree:
        source.edit(os.path.join(case.repo, case.data))
    else:
        case.quiet(f"cp {edited} {case.data}.new && mv -f {case.data}.new {case.data}")
    case.step("status-edit", tool.status(case))
    case.step("add-edit", tool.add(case), extra=case.stored)
    case.quiet(tool.commit(case))
    if tool.switch(case):
        if case.step("switch", tool.switch(case)):
            case.compare("switch", first, case.data)
        case.quiet("git checkout -q main" if os.path.isdir(os.path.join(case.repo, ".git")) else None)
        case.quiet(tool.before(case, "switch") and f"git checkout -q main; {tool.checkout(case)}")
    return True


def transfers(case, kind):
    """push and pull, each also with nothing to do."""
    tool, server = case.tool, case.bench.servers[kind]
    case.clone = os.path.join(case.root, "clone-" + kind)

    def count(name, command, cwd=None):
        before = server.requests()

        def extra(result):
            more = {}
            if server.rate and name in ("push", "pull"):
                more["link"] = size / result["wall"] / server.rate
            if before is not None:
                more["requests"] = server.requests() - before
            elif os.path.isdir(server.url(case.id)):
                more["remote_mib"] = measure.bytes_below(server.url(case.id)) / data.MIB
            return more
        return case.step(f"{name} {kind}", command, cwd, extra)

    size = case.size()
    case.quiet(tool.remote(case, kind))
    if not count("push", tool.push(case, kind)):
        return
    if tool.name not in ("cp", "tar+zstd"):
        count("re-push", tool.push(case, kind))
    if tool.part(case, kind):
        case.quiet(tool.clone(case, kind))
        count("part-pull", tool.part(case, kind), case.clone)
        case.clone += "-2"
    case.quiet(tool.clone(case, kind))
    if count("pull", tool.pull(case, kind), case.clone):
        if tool.name not in ("cp", "tar+zstd"):
            count("re-pull", tool.pull(case, kind), case.clone)
        case.compare(f"pull {kind}", f"{case.repo}/{case.data}", f"{case.clone}/{case.data}")


def has_command(case, name):
    """fsck and gc come with later releases of some tools."""
    try:
        case.quiet(f"dv {name} -h" if case.tool.name == "dv" else "true")
    except RuntimeError:
        return False
    return True


def run_case(bench, tool, source, versions, number, brief):
    case = Case(bench, tool, source, number)
    if not local(case, source, versions, brief):
        return
    if source.name in ("big", "small", "few", "model") and any(map(bench.wanted, TRANSFERS)):
        for kind in bench.servers:
            if kind in tool.remotes:
                transfers(case, kind)
                bench.servers[kind].forget(bench.env)
    for name in ("fsck", "gc"):
        command = getattr(tool, name)(case)
        if command and has_command(case, name):
            case.step(name, command)
    # of trees not: ext4 is slow to make files where some were just removed
    if not source.tree:
        shutil.rmtree(case.root)


def run_start(bench, tools):
    """What a command costs that has next to nothing to do."""
    repo = os.path.join(bench.work, "start")
    os.makedirs(repo)
    measure.run("git init -q -b main && dv init -q && echo x >d && dv add -q d && git add -A && git commit -qm d", repo, bench.env)
    for tool in tools:
        if not tool.start():
            continue
        for _ in range(10 * bench.runs):
            bench.results.add(("start", "start", tool.name), measure.timed(tool.start(), repo, bench.env, bench.limit))
