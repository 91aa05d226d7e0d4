"""The servers that data is pushed to, with what they log of it."""
import os
import subprocess
import sys

HELPER = os.path.abspath(os.path.join(os.path.dirname(__file__), "../helper"))


class Folder:
    """A plain directory."""
    name, rate = "folder", None

    def __init__(self, where):
        self.where = os.path.join(where, "remote-folder")

    def start(self, env):
        os.makedirs(self.where)

    def url(self, what):
        return os.path.join(self.where, what)

    def requests(self):
        return None

    def forget(self, env):
        """What a tool has pushed is not needed any more."""

    def stop(self):
        pass


class Service:
    """One of t/helper's servers, and perhaps a slow line to it."""
    script = log = ""
    line = rate = None		# plan of the proxy before it; bytes a second

    def __init__(self, where):
        self.where = os.path.join(where, "server-" + self.name)
        self.proxy = None

    def start(self, env):
        lines = subprocess.run([os.path.join(HELPER, self.script), "start", self.where], capture_output=True,
                               text=True, check=True).stdout
        self.values = dict(x.split("=", 1) for x in lines.split("\n") if "=" in x)
        self.endpoint = self.values[self.address]
        if self.line:
            host = self.endpoint.split("//")[1]
            self.proxy = subprocess.Popen([sys.executable, os.path.join(HELPER, "faultproxy.py"), host, self.line],
                                          stdout=subprocess.PIPE, text=True)
            self.endpoint = "http://127.0.0.1:" + self.proxy.stdout.readline().split()[1]
        self.prepare(env)

    def requests(self):
        with open(os.path.join(self.where, "access.log"), errors="replace") as f:
            return sum(self.counts(line) for line in f)

    def forget(self, env):
        """As above."""

    def stop(self):
        if self.proxy:
            self.proxy.terminate()
            self.proxy.wait()
        subprocess.run([os.path.join(HELPER, self.script), "stop", self.where], check=False)


class Nginx(Service):
    name, script, address = "nginx", "nginx-dav.sh", "HTTP_URL"

    def prepare(self, env):
        with open(os.path.join(env["HOME"], ".netrc"), "w") as f:
            f.write(f"machine 127.0.0.1 login {self.values['HTTP_USER']} password {self.values['HTTP_PASS']}\n")
        subprocess.run(["git", "config", "--global", f"credential.{self.endpoint}.username", self.values["HTTP_USER"]],
                       env=env, check=True)

    def url(self, what):
        return f"{self.endpoint}/{what}"

    def counts(self, line):
        return bool(line.strip())


class Far(Nginx):
    """nginx behind 50 ms of round trip and 1 Gbit/s."""
    name, rate = "far", 125000000
    line = f"latency=25,link={rate}"


class S3(Service):
    name, script, address = "s3", "radosgw.sh", "S3_ENDPOINT"

    def prepare(self, env):
        env.update({k: v for k, v in self.values.items() if k.startswith("AWS_")})
        env.update(AWS_ENDPOINT_URL=self.endpoint, S3_ENDPOINT=self.values["S3_ENDPOINT"],
                   AWS_DEFAULT_REGION=self.values.get("AWS_REGION", "us-east-1"))
        subprocess.run([sys.executable, os.path.join(HELPER, "s3-bucket.py"), "create", "bench"], env=env, check=True,
                       stdout=subprocess.DEVNULL)

    def forget(self, env):
        """Made anew: it has all in memory, takes no more when that is full, and frees what was deleted hours later."""
        self.stop()
        self.start(env)

    def url(self, what):
        return f"s3://bench/{what}"

    def counts(self, line):
        return ' /bench/' in line


SERVERS = {c.name: c for c in (Folder, Nginx, Far, S3)}
