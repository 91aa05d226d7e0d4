"""dv and the plain tools beside it: one class each, one method a verb.  peers.py has the others.

A verb answers with a bash command run in the repository (pull: in the clone), or None where
the tool has no such thing.  `c` is the case: c.data is the data's name, c.root a folder of its own,
c.store the tool's store below it, c.url(kind) the remote.
"""
import os
import shutil


class Tool:
    name = needs = ""
    install = ""		# how a peer is installed; "" comes with the tests
    remotes = ()
    most_files = 10 ** 9	# more would take hours
    remembers = True		# a second add is not the same again
    one_file = False		# has nothing to do with a folder

    def there(self):
        return shutil.which(self.needs or self.name)

    def init(self, c):
        return "git init -q -b main"

    def commit(self, c):
        return "git add -A && git commit -qm version"

    def before(self, c, step):	# not timed, before the step of that name
        return None

    def add(self, c):
        return None

    def status(self, c):
        return None

    def checkout(self, c):	# what is there was moved away
        return None

    def switch(self, c):	# back to the first version
        return None

    def remote(self, c, kind):
        return None

    def clone(self, c, kind):
        return f"git clone -q {c.repo} {c.clone}"

    push = pull = part = lambda self, c, kind: None

    def fsck(self, c):
        return None

    def gc(self, c):
        return None

    def start(self):
        return None

    def stored(self, c):
        return [os.path.join(c.repo, ".git")]


class Cp(Tool):
    name, remotes, remembers = "cp", ("folder",), False

    def init(self, c):
        return "true"

    def commit(self, c):
        return f"cp -rT {c.data} {c.root}/v1.$$"

    def add(self, c):
        return f"cp -r {c.data} {c.root}/copy.$$"

    def checkout(self, c):
        return f"cp -r $(ls -d {c.root}/v1.* | head -n 1) {c.data}"

    def switch(self, c):
        return f"cp --remove-destination $(ls -d {c.root}/v1.* | head -n 1) {c.data}" if not c.tree else None

    def clone(self, c, kind):
        return f"mkdir {c.clone}"

    def push(self, c, kind):
        return f"cp -r {c.data} {c.url(kind)}"

    def pull(self, c, kind):
        return f"cp -r {c.url(kind)} {c.data}"

    def stored(self, c):
        return []


class Tar(Cp):
    name, remotes = "tar", ()

    def commit(self, c):
        return f"tar cf {c.root}/v1.tar {c.data}"

    def add(self, c):
        return f"tar cf {c.root}/out.tar {c.data}"

    def checkout(self, c):
        return f"tar xf {c.root}/v1.tar"

    def switch(self, c):
        return None


class TarZstd(Cp):
    """What a user without any of these does: one archive, one upload."""
    name, needs, remotes = "tar+zstd", "zstd", ("folder", "nginx", "s3")

    def there(self):
        return shutil.which("zstd") and shutil.which("curl")

    @staticmethod
    def curl(c, kind):
        if kind == "folder":
            return f"curl -sSf file://{c.url(kind)}"
        if kind != "s3":
            return f"curl -sSfn --noproxy '*' {c.url(kind)}"
        return (f"curl -sSf --noproxy '*' --aws-sigv4 aws:amz:$AWS_DEFAULT_REGION:s3 -u $AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY "
                f"-H 'x-amz-content-sha256: UNSIGNED-PAYLOAD' $AWS_ENDPOINT_URL/{c.url(kind).split('//')[1]}")

    def init(self, c):
        return f"mkdir {c.store}"

    def commit(self, c):
        return "true"

    def add(self, c):
        return f"tar c {c.data} | zstd -1 -q -o {c.store}/$$.tzst"

    def push(self, c, kind):
        return f"tar c {c.data} | zstd -1 -q -f -o {c.root}/out.tzst && {self.curl(c, kind)} -T {c.root}/out.tzst"

    def pull(self, c, kind):
        return f"{self.curl(c, kind)} | zstd -dqc | tar x"

    def checkout(self, c):
        return None

    switch = checkout

    def stored(self, c):
        return [c.store]


class Sha256sum(Cp):
    name, remotes = "sha256sum", ()

    def commit(self, c):
        return "true"

    def add(self, c):
        return f"find {c.data} -type f -exec sha256sum {{}} +"

    def checkout(self, c):
        return None

    switch = checkout


class Openssl(Sha256sum):
    """Reads and names a file by the fastest SHA-256 that is at hand."""
    name, one_file = "openssl", True

    def add(self, c):
        return f"exec openssl dgst -sha256 {c.data}"


class Find(Sha256sum):
    name = "find"

    def add(self, c):
        return None

    def status(self, c):
        return f"exec find {c.data} -printf '%s %T@\\n'"


class Git(Tool):
    name = "git"

    def add(self, c):
        return f"exec git add {c.data}"

    def status(self, c):
        return "exec git status"

    def checkout(self, c):
        return "exec git checkout -q -- ."

    def switch(self, c):
        return "exec git checkout -q HEAD~1"

    def start(self):
        return "exec git status"


class Dv(Tool):
    name, remotes = "dv", ("folder", "nginx", "far", "s3")

    def init(self, c):
        return "git init -q -b main && dv init -q && git add -A && git commit -qm init"

    def add(self, c):
        return f"exec dv add -q {c.data}"

    def status(self, c):
        return "exec dv status"

    def checkout(self, c):
        return "exec dv checkout -q"

    def before(self, c, step):
        return "git checkout -q HEAD~1" if step == "switch" else None

    switch = checkout

    def remote(self, c, kind):
        return f"dv remote add {kind} {c.url(kind)}"

    def clone(self, c, kind):
        return f"git clone -q {c.repo} {c.clone} && cd {c.clone} && (dv remote add {kind} {c.url(kind)} || true)"

    def push(self, c, kind):
        return f"exec dv push -q -r {kind}"

    def pull(self, c, kind):
        return f"exec dv pull -q -r {kind}"

    def part(self, c, kind):
        return f"exec dv pull -q -r {kind} {c.data}/s0000" if c.tree else None

    def fsck(self, c):
        return "exec dv fsck -q"

    def gc(self, c):
        return "exec dv gc -q"

    def start(self):
        return "exec dv status"

    def stored(self, c):
        return [os.path.join(c.repo, ".git/dv")]


def baselines(workload, step):
    """By which plain tools a step is divided, the best first."""
    kind = step.split(" ")[0]
    if kind in ("start", "status", "status-edit"):
        return ("git", "find")
    if workload == "reflink":
        return ("cp-reflink", "cp")
    if workload in ("small", "few", "million"):
        return {"add": ("tar", "cp"), "checkout": ("tar",), "push": ("tar+zstd", "cp"), "pull": ("tar+zstd", "cp")}.get(kind, ())
    return ("cp",)
