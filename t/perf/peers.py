"""The peers of dv, in the words of tools.py; and the list of all tools."""
import importlib.util
import os

from tools import Cp, Dv, Find, Git, Openssl, Sha256sum, Tar, TarZstd, Tool


def can_import(module):
    return importlib.util.find_spec(module) is not None


class Dvc(Tool):
    name, remotes, most_files = "dvc", ("folder", "nginx", "far", "s3"), 20000
    install = "pip install 'dvc[s3]'"

    def init(self, c):
        return (f"git init -q -b main && dvc init -q && dvc config --local core.analytics false && "
                f"dvc config --local core.check_update false && dvc config --local core.site_cache_dir {c.root}/site && "
                f"git add -A && git commit -qm init")

    def add(self, c):
        return f"exec dvc add -q {c.data}"

    def status(self, c):
        return "dvc status -q || test $? = 1"

    def checkout(self, c):
        return "exec dvc checkout -q"

    def before(self, c, step):
        return "git checkout -q HEAD~1" if step == "switch" else None

    switch = checkout

    def remote(self, c, kind):
        set_one = f" && dvc remote modify --local {kind} "
        more = {"s3": set_one + "endpointurl $AWS_ENDPOINT_URL", "folder": ""}.get(kind, set_one + "method PUT")
        return f"dvc remote add -q --local {kind} {c.url(kind)}{more}"

    def clone(self, c, kind):
        return f"git clone -q {c.repo} {c.clone} && cp {c.repo}/.dvc/config.local {c.clone}/.dvc/"

    def push(self, c, kind):
        return f"exec dvc push -q -r {kind}"

    def pull(self, c, kind):
        return f"exec dvc pull -q -r {kind}"

    def part(self, c, kind):
        return f"exec dvc pull -q -r {kind} {c.data}/s0000" if c.tree else None

    def gc(self, c):
        return "exec dvc gc -q -w -f"

    def start(self):
        return "exec dvc --version"

    def stored(self, c):
        return [os.path.join(c.repo, ".dvc/cache")]


class GitLfs(Git):
    name, remotes, most_files = "git-lfs", ("folder",), 20000
    install = "apt install git-lfs"

    def init(self, c):
        return f"git init -q -b main && git lfs install --local && git lfs track {c.data} '{c.data}/**' && git add -A && git commit -qm init"

    def remote(self, c, kind):
        return f"git init -q --bare -b main {c.url(kind)} && git remote add {kind} file://{c.url(kind)}"

    def clone(self, c, kind):
        return f"git clone -q -n file://{c.url(kind)} {c.clone} && cd {c.clone} && git lfs install --local --skip-smudge && git checkout -q"

    def push(self, c, kind):
        return f"exec git push -q {kind} main"

    def pull(self, c, kind):
        return "exec git lfs pull"

    def part(self, c, kind):
        return f"exec git lfs pull -I {c.data}/s0000" if c.tree else None

    def fsck(self, c):
        return "exec git lfs fsck"

    def start(self):
        return "exec git lfs version"


class GitAnnex(Tool):
    name, most_files = "git-annex", 5000
    install = "apt install git-annex"

    def init(self, c):
        return "git init -q -b main && git annex init -q && git commit -q --allow-empty -m init"

    def add(self, c):
        return f"exec git annex add -q {c.data}"

    def status(self, c):
        return "exec git annex status"

    def switch(self, c):
        return "exec git checkout -q HEAD~1"

    def before(self, c, step):
        return f"git annex unlock -q {c.data} || true" if step == "edit" else None

    def fsck(self, c):
        return "exec git annex fsck -q"

    def start(self):
        return "exec git annex version"


class Archiver(Tool):
    """Backup programs: their repository is the store."""

    def commit(self, c):
        return "true"

    def stored(self, c):
        return [c.store]


class Restic(Archiver):
    name, install = "restic", "apt install restic"

    def init(self, c):
        return f"RESTIC_PASSWORD=x restic init -q -r {c.store}"

    def add(self, c):
        return f"RESTIC_PASSWORD=x exec restic backup -q -r {c.store} {c.data}"

    def checkout(self, c):
        return f"RESTIC_PASSWORD=x exec restic restore -q latest -r {c.store} -t ."

    def fsck(self, c):
        return f"RESTIC_PASSWORD=x exec restic check -q -r {c.store}"

    def start(self):
        return "exec restic version"


class Borg(Archiver):
    name, install = "borg", "apt install borgbackup"

    def init(self, c):
        return f"borg init -e none {c.store}"

    def add(self, c):
        return f"exec borg create {c.store}::$(date +%s.%N) {c.data}"

    def checkout(self, c):
        return f"exec borg extract {c.store}::$(borg list --short {c.store} | tail -n 1)"

    def fsck(self, c):
        return f"exec borg check {c.store}"

    def start(self):
        return "exec borg --version"


class Casync(Archiver):
    name, install = "casync", "apt install casync"

    def init(self, c):
        return f"mkdir {c.store}"

    def add(self, c):
        return f"exec casync make --store={c.store}/s.castr {c.store}/{self.index(c)} {c.data}"

    @staticmethod
    def index(c):
        return "v.caidx" if c.tree else "v.caibx"

    def checkout(self, c):
        return f"exec casync extract --store={c.store}/s.castr {c.store}/{self.index(c)} {c.data}"

    def start(self):
        return "exec casync --version"


class Xet(Archiver):
    """hf-xet through a folder of its own in place of the hub."""
    name, install, most_files = "hf-xet", "pip install hf-xet", 2000

    def there(self):
        return can_import("hf_xet")

    def init(self, c):
        return f"mkdir {c.store}"

    def add(self, c):
        return (f"HF_XET_CACHE={c.root}/cache python3 -c \"import hf_xet,os; p='{c.data}'; "
                f"hf_xet.upload_files([os.path.join(d,n) for d,_,s in os.walk(p) for n in s] or [p], "
                f"'local://{c.store}', None, None, None, 'model')\"")


class Oxen(Tool):
    """Oxen's Python binding, which is what PyPI has; its own command starts faster."""
    name, install, most_files = "oxen", "pip install oxenai", 20000

    def there(self):
        return can_import("oxen")

    @staticmethod
    def call(what):
        return f"python3 -c \"from oxen import Repo; from oxen.user import config_user; config_user('b', 'b@example.com'); r = Repo('.'); {what}\""

    def init(self, c):
        return self.call("r.init()")

    def commit(self, c):
        return self.call("r.commit('version')")

    def add(self, c):
        return self.call(f"r.add('{c.data}')")

    def status(self, c):
        return self.call("print(r.status())")

    def stored(self, c):
        return [os.path.join(c.repo, ".oxen")]


PLAIN = [Cp(), Tar(), TarZstd(), Sha256sum(), Openssl(), Find(), Git()]
PEERS = [Dvc(), GitLfs(), GitAnnex(), Restic(), Borg(), Casync(), Xet(), Oxen()]
ALL = PLAIN + [Dv()] + PEERS
