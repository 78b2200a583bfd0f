# SPDX-License-Identifier: MIT-0
#
# The results as text: a head that says where and of what they are, then for each service what every
# allocator held and took; as JSON, one sample a pair; and a line for each run as it ends.

import json

from bench_figures import geometric_mean


COLUMNS = (("peak", "peak"), ("freed", "freed"), ("idle", "idle"), ("cpu", "CPU s"))


def number(value):
    return "n/a" if value is None else "%.1f" % value if value < 1000 else "%.0f" % value


def progress(row, took_s):
    return "%-12s %-10s %5.1f s   peak %6s  freed %6s  idle %6s MiB   CPU %6.2f s   %s" % (
        row["service"], row["allocator"], took_s, number(row["peak"]), number(row["freed"]),
        number(row["idle"]), row["cpu"], state(row))


def state(row):
    return "; ".join(row["wrong"]) if row["wrong"] else "%d checks pass" % len(row["checks"])


def head(results):
    machine = results["machine"]
    lines = ["strata: services, %s" % machine["date"], ""]
    lines += ["%-10s %s" % (name, machine[name]) for name in ("processor", "system", "commit")]
    lines += ["%-10s %s" % ("took", machine["duration"]), "%-10s %s" % ("command", results["command"])]
    return lines + ["%-10s %s" % item for item in machine["allocators"].items()]


def service_lines(name, rows):
    lines = ["%-22s" % name + "".join("%9s" % title for _, title in COLUMNS) + "   checks"]
    for row in rows:
        lines.append("  %-20s" % row["allocator"] + "".join(
            "%9s" % number(row[key]) for key, _ in COLUMNS) + "   " + state(row))
    if rows[0]["note"]:
        lines.append("  (%s %s)" % (name, rows[0]["note"]))
    return lines


def by_service(results):
    groups = {}
    for row in results["runs"]:
        groups.setdefault(row["service"], []).append(row)
    return groups


def mean(results, name, key):
    """The geometric mean of what an allocator needs, divided by what the first one needs, over the
    services that pass on all of them; None if there is none."""
    groups = [rows for rows in by_service(results).values()
              if all(not row["wrong"] for row in rows) and not rows[0]["note"]]
    ratios = [own[key] / rows[0][key] for rows in groups for own in rows
              if own["allocator"] == name and own[key] and rows[0][key]]
    return geometric_mean(ratios) if ratios else None


def mean_lines(results):
    lines = ["%-22s" % ("mean / " + results["allocators"][0]) +
             "".join("%9s" % title for _, title in COLUMNS)]
    for name in results["allocators"][1:]:
        figures = [mean(results, name, key) for key, _ in COLUMNS]
        lines.append("  %-20s" % name + "".join(
            "%9s" % ("n/a" if figure is None else "%.2f" % figure) for figure in figures))
    return lines


def gate_failures(results, name, gate):
    """What of an allocator is above `gate`, {column: ratio}."""
    found = []
    for key, limit in gate.items():
        figure = mean(results, name, key)
        if figure is None or figure > limit:
            found.append("the mean of %s is %s times that of %s, above the gate of %g" % (
                key, "n/a" if figure is None else "%.3f" % figure, results["allocators"][0], limit))
    return found


def render(results):
    parts = [head(results),
             ["Memory of all processes of a service in MiB (PSS): at most, right after all was freed,",
              "and after idling; CPU time of all; and whether it answers what it answers plain"]]
    parts += [service_lines(name, rows) for name, rows in by_service(results).items()]
    parts.append(mean_lines(results))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def as_json(results):
    """Readable, but a run's samples in one line: there are thousands."""
    text = json.dumps({**results, "runs": ["@%d" % i for i in range(len(results["runs"]))]}, indent=1)
    for i, row in enumerate(results["runs"]):
        text = text.replace('"@%d"' % i, json.dumps(row, separators=(",", ":")), 1)
    return text + "\n"
