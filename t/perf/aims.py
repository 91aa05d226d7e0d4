"""What dv aims at, held against the rows of a run.

A row is (workload, step, tool).  Each aim has what it says, its limit ("at most" unless it
begins with >=), and how it is computed.  Minima are compared, CPU seconds where the text says nothing else.
"""


class Missing(Exception):
    """A row that an aim needs was not measured."""


class Rows:
    def __init__(self, rows):
        self.all = {(r["workload"], r["step"], r["tool"]): r for r in rows if r["runs"]}

    def value(self, field, workload, step, tool):
        value = self.all.get((workload, step, tool), {}).get(field, "")
        if value == "":
            raise Missing
        return value

    def most(self, field, steps, workloads):
        """The largest value of dv's steps that begin so, of these workloads."""
        found = [r[field] for (workload, step, tool), r in self.all.items()
                 if tool == "dv" and workload in workloads and step.split(" ")[0] in steps]
        if not found:
            raise Missing
        return max(found)


def of(workload, step, tool, field="cpu_min", by="dv"):
    """by's share of what tool takes for the same step."""
    return lambda rows: rows.value(field, workload, step, by) / max(rows.value(field, workload, step, tool), 1e-6)


def times(workload, step, tool, field="cpu_min"):
    """How often dv could do it while tool does it once."""
    return of(workload, step, "dv", field, tool)


def one(field, workload, step):
    return lambda rows: rows.value(field, workload, step, "dv")


def most(field, steps, workloads):
    return lambda rows: rows.most(field, steps, workloads)


def growth(workload):
    """dv's growth by an edit as a share of the least of those that cut by content."""
    def best(rows):
        found = [r["grown_mib"] for (name, step, tool), r in rows.all.items()
                 if (name, step) == (workload, "add-edit") and tool in ("restic", "borg", "hf-xet")]
        if len(found) < 3:
            raise Missing
        return rows.value("grown_mib", workload, "add-edit", "dv") / max(min(found), 1e-6)
    return best


FILES = ("big", "csv", "model", "tuned", "parquet")
TREES = ("small", "few", "million")

AIMS = (
    ("add a big file: dv / cp", 1.4, of("big", "add", "cp")),
    ("add a big file: oxen / dv", ">= 2.5", times("big", "add", "oxen")),
    ("add a big file: dvc / dv", ">= 4.5", times("big", "add", "dvc")),
    ("add a big file: git-lfs / dv", ">= 4.5", times("big", "add", "git-lfs")),
    ("add a csv: dv / dvc, wall", 1.0, of("csv", "add", "dvc", "wall_min")),
    ("stored of a csv: dv / restic", 1.0, of("csv", "add", "restic", "stored_mib")),
    ("add small files: dv / tar", 1.5, of("small", "add", "tar")),
    ("add small files: dvc / dv", ">= 15", times("small", "add", "dvc")),
    ("status of small files: dv / git", 1.0, of("small", "status", "git")),
    ("status of a million: dv / find, wall", 0.7, of("million", "status", "find", "wall_min")),
    ("status of a million: dv / git, wall", 0.5, of("million", "status", "git", "wall_min")),
    ("status of a million: peak MiB", 150, one("peak_mib", "million", "status")),
    ("add after 1 MiB was inserted: dv / openssl sha256", 1.2, of("big", "add-edit", "openssl")),
    ("growth of a csv: dv / best of restic, borg, hf-xet", 1.0, growth("csv")),
    ("growth of a model, tensors tuned: dv / best", 1.0, growth("model")),
    ("growth of a model, all moved: dv / best", 1.0, growth("tuned")),
    ("growth of a Parquet file: dv / best", 1.0, growth("parquet")),
    ("push small files to S3: requests", 30, one("requests", "small", "push s3")),
    ("push small files to S3: dv / tar+zstd", 1.3, of("small", "push s3", "tar+zstd")),
    ("pull small files from S3: requests", 30, one("requests", "small", "pull s3")),
    ("pull small files from S3: dv / tar+zstd", 1.3, of("small", "pull s3", "tar+zstd")),
    ("push few files through 50 ms: dvc / dv, wall", ">= 10", times("few", "push far", "dvc", "wall_min")),
    ("pull few files through 50 ms: dvc / dv, wall", ">= 10", times("few", "pull far", "dvc", "wall_min")),
    ("push a big file through 50 ms: share of the line", ">= 0.8", one("link", "big", "push far")),
    ("pull a big file through 50 ms: share of the line", ">= 0.8", one("link", "big", "pull far")),
    ("switch a big file, ext4: dv / cp", 1.2, of("big", "switch", "cp")),
    ("switch a big file, XFS, whole blocks: wall s", 0.05, one("wall_min", "reflink", "switch block")),
    ("the whole blocks, and back", 0.05, one("wall_min", "reflink", "switch block-back")),
    ("switch a big file, XFS, odd insert: wall s", 0.05, one("wall_min", "reflink", "switch insert")),
    ("the odd insert, and back", 0.05, one("wall_min", "reflink", "switch insert-back")),
    ("peak MiB of add", 64, most("peak_mib", ("add", "re-add", "add-edit"), FILES + TREES)),
    ("peak MiB of status of small files", 32, most("peak_mib", ("status", "status-edit"), ("small",))),
    ("peak MiB of push and pull", 256, most("peak_mib", ("push", "re-push", "pull", "re-pull", "part-pull"), FILES + TREES)),
    ("start: dv status / git status", 1.5, of("start", "start", "git")),
)


def judge(limit, measure, rows):
    """The measured value as text, and whether it is as it should be."""
    try:
        value = measure(rows)
    except Missing:
        return "", "not measured"
    if isinstance(limit, str):
        return f"{value:.2f}", "yes" if value >= float(limit.split()[1]) else "no"
    return f"{value:.3g}", "yes" if value <= limit else "no"


def text(all_rows):
    """The list that a reader holds against the aims."""
    rows, out = Rows(all_rows), []
    out.append(f"{'Aims, for the default sizes; CPU time unless said':54} {'aim':>9} {'here':>9}")
    for what, limit, measure in AIMS:
        aim = limit if isinstance(limit, str) else f"<= {limit:g}"
        value, verdict = judge(limit, measure, rows)
        out.append(f"  {what:52} {aim:>9} {value:>9}  {verdict}")
    return "\n".join(out) + "\n"
