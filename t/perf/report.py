"""The results as csv, as a table, and as plots."""
import csv
import os

import aims
import measure

WIDE = ("runs", "wall_min", "wall_median", "cpu_min", "cpu_median", "peak_mib", "wall_ratio", "cpu_ratio", "stored_mib", "grown_mib", "requests", "remote_mib", "link", "others")


def text(value):
    if isinstance(value, float):
        return f"{value:.4f}" if value < 0.1 else f"{value:.2f}" if value < 1000 else f"{value:.0f}"
    return str(value)


def write_csv(rows, path):
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, measure.FIELDS, lineterminator="\n")
        w.writeheader()
        w.writerows({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()} for row in rows)


def read_csv(path):
    """What write_csv() wrote, perhaps when there were fewer columns."""
    def value(name, word):
        if name in ("workload", "step", "tool", "against", "note") or not word:
            return word
        return int(word) if name in ("runs", "requests") else float(word)
    with open(path, newline="") as f:
        return [{k: value(k, row.get(k, "")) for k in measure.FIELDS} for row in csv.DictReader(f)]


def table(rows):
    """A block of lines for each workload and step."""
    out, last = [], None
    for row in rows:
        if (row["workload"], row["step"]) != last:
            last = (row["workload"], row["step"])
            out += ["", f"{last[0]}, {last[1]}", f"  {'':10} " + " ".join(f"{n:>11}" for n in WIDE)]
        if not row["runs"]:
            out.append(f"  {row['tool']:10} failed: {row['note']}")
            continue
        against = f"  (against {row['against']})" if row["against"] else ""
        out.append(f"  {row['tool']:10} " + " ".join(f"{text(row[n]):>11}" for n in WIDE) + against)
    return "\n".join(out[1:]) + "\n"


def plot(rows, title):
    """Bars of wall and CPU seconds, as SVG."""
    rows = [r for r in rows if r["runs"]]
    most = max([r[n] for r in rows for n in ("wall_min", "cpu_min")] + [1e-6])
    height = 40 + 34 * len(rows)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" font-family="sans-serif" font-size="12">',
           f'<rect width="640" height="{height}" fill="white"/><text x="8" y="18" font-size="14">{title}: seconds (minimum)</text>']
    for i, r in enumerate(rows):
        y = 32 + 34 * i
        out.append(f'<text x="88" y="{y + 18}" text-anchor="end">{r["tool"]}</text>')
        for n, name, colour in ((0, "wall_min", "#4477aa"), (1, "cpu_min", "#ccbb44")):
            width = max(1, 420 * r[name] / most)
            out.append(f'<rect x="96" y="{y + 13 * n}" width="{width:.0f}" height="12" fill="{colour}"/>'
                       f'<text x="{100 + width:.0f}" y="{y + 10 + 13 * n}" font-size="10">{text(r[name])} {name[:-4]}</text>')
    return "\n".join(out + ["</svg>", ""])


def earlier(folder, workloads):
    """Rows of other workloads than these that are in the folder, and how they were measured."""
    try:
        rows = [r for r in read_csv(os.path.join(folder, "results.csv")) if r["workload"] not in workloads]
        with open(os.path.join(folder, "results.txt")) as f:
            return rows, f.read().split("\n\n")[0] + "\n"
    except FileNotFoundError:
        return [], ""


def write_all(rows, folder, how):
    """results.csv, results.txt, and a plot for each step that more than one tool has done."""
    write_csv(rows, os.path.join(folder, "results.csv"))
    with open(os.path.join(folder, "results.txt"), "w") as f:
        f.write(how + "\n" + table(rows) + "\n" + aims.text(rows))
    for name in os.listdir(folder):
        if name.endswith(".svg"):
            os.unlink(os.path.join(folder, name))
    for workload in dict.fromkeys(r["workload"] for r in rows):
        for step in ("start", "add", "add-edit", "status", "checkout", "switch", "push s3", "pull s3"):
            some = [r for r in rows if r["workload"] == workload and r["step"] == step]
            if sum(bool(r["runs"]) for r in some) > 1:
                with open(os.path.join(folder, f"{workload}-{step.replace(' ', '-')}.svg"), "w") as f:
                    f.write(plot(some, f"{workload}, {step}"))
