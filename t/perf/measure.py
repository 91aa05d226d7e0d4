"""Running one step of one tool, and keeping what it took."""
import os
import shlex
import signal
import statistics
import subprocess
import sys

BUILD = os.path.abspath(os.environ.get("DV_BUILD", os.path.join(os.path.dirname(__file__), "../../build")))
METER = os.path.join(BUILD, "perf-meter")
FIELDS = ("workload", "step", "tool", "runs", "wall_min", "wall_median", "cpu_min", "cpu_median", "peak_mib",
          "against", "wall_ratio", "cpu_ratio", "stored_mib", "grown_mib", "requests", "remote_mib", "link", "others", "note")


def busy():
    """CPU seconds that the whole machine has spent so far."""
    with open("/proc/stat") as f:
        n = [int(v) for v in f.readline().split()[1:9]]
    return (sum(n) - n[3] - n[4]) / os.sysconf("SC_CLK_TCK")


def run(command, cwd, env):
    """A step that is not timed."""
    done = subprocess.run(["bash", "-ec", command], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        raise RuntimeError(f"{command[:120]}: {done.stdout[-400:]}")
    return done.stdout


def argv(command):
    """Without a shell where none is needed: its own start would count."""
    if command.startswith("exec ") and not set(command) & set("$|&;<>(*"):
        return shlex.split(command)[1:]
    return ["bash", "-ec", command]


def touch_memory(mib):
    """Writes so much free memory.  A virtual machine may get a page at its first touch only, and
    give it back once it is free: one or two seconds a GiB, charged to whoever comes first."""
    if mib:
        subprocess.run([sys.executable, "-c", f"b'1' * {mib << 20}"], check=False)


def timed(command, cwd, env, limit):
    """One result: wall and cpu seconds, peak MiB, and what others used meanwhile, in CPUs."""
    os.sync()
    out = os.path.join(env["HOME"], "meter.out")
    log = os.path.join(env["HOME"], "step.log")
    began = busy()
    with open(log, "wb") as f:
        child = subprocess.Popen([METER, out] + argv(command), cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                                 stdout=f, stderr=f, start_new_session=True)
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"cut off after {limit} s") from None
        finally:
            # also when bench itself is stopped
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    with open(out) as f:
        wall, user, system, peak, code = (float(v) for v in f.read().split())
    if code:
        with open(log, errors="replace") as f:
            raise RuntimeError(f.read()[-300:].strip() or f"exit code {int(code)}")
    others = max(0, busy() - began - user - system) / max(wall, 0.01)
    return dict(wall=wall, cpu=user + system, peak=peak / 1024, others=others)


def bytes_below(*tops):
    """Bytes of all files, hard links once."""
    seen, total = set(), 0
    for top in tops:
        for folder, _, names in os.walk(top):
            for name in names:
                st = os.lstat(os.path.join(folder, name))
                if (st.st_dev, st.st_ino) not in seen:
                    seen.add((st.st_dev, st.st_ino))
                    total += st.st_size
    return total


class Results:
    """All results, by workload, step and tool, in the order of the first."""

    def __init__(self):
        self.all = {}

    def add(self, key, result):
        self.all.setdefault(key, []).append(result)
        if "error" in result:
            text = "! " + result["error"].replace("\n", " ")[:60]
        else:
            text = f"{result['wall']:9.3f} s {result['cpu']:9.3f} s cpu {result['peak']:6.0f} MiB"
        print(f"{key[0]:8} {key[1]:19} {key[2]:10} {text}", flush=True)

    def fail(self, key, error):
        """The last result was none."""
        self.all[key].pop()
        self.add(key, dict(error=error))

    def failed(self):
        return sum("error" in r for results in self.all.values() for r in results)

    def of(self, workload):
        return [key for key in self.all if key[0] == workload]

    def good(self, key):
        return [r for r in self.all.get(key, ()) if "error" not in r]

    def rows(self, baselines):
        """Rows of the table; baselines(workload, step) names the tools to divide by, the best first."""
        steps = list(dict.fromkeys(key[:2] for key in self.all))
        for key, results in sorted(self.all.items(), key=lambda item: steps.index(item[0][:2])):
            good = self.good(key)
            row = dict.fromkeys(FIELDS, "")
            row.update(workload=key[0], step=key[1], tool=key[2], runs=len(good))
            if not good:
                row["note"] = results[0]["error"].replace("\n", " ")[:160]
                yield row
                continue
            row.update(wall_min=min(r["wall"] for r in good), wall_median=statistics.median(r["wall"] for r in good),
                       cpu_min=min(r["cpu"] for r in good), cpu_median=statistics.median(r["cpu"] for r in good),
                       peak_mib=max(r["peak"] for r in good), others=max(r["others"] for r in good))
            for name in ("stored_mib", "grown_mib", "requests", "remote_mib"):
                if name in good[-1]:
                    row[name] = good[-1][name]
            # goes with wall_min
            row["link"] = max((r["link"] for r in good if "link" in r), default="")
            for tool in baselines(key[0], key[1]):
                base = self.good((key[0], key[1], tool))
                if base and tool != key[2]:
                    row["against"] = tool
                    row["wall_ratio"] = row["wall_min"] / max(min(r["wall"] for r in base), 1e-6)
                    row["cpu_ratio"] = row["cpu_min"] / max(min(r["cpu"] for r in base), 1e-6)
                    break
            yield row
