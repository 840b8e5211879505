#!/usr/bin/env python3
"""Calls every mutant of table.py with goldencall: one that passes has survived.

    run.py                                    all mutants once
    run.py --quick                            those that cargo test runs
    run.py --only w01,c19                     these
    run.py --list                             their names and defects, without a call
    run.py --hog --plain 300 --docs FILE      alone, beside a busy loop for every half core, 300 calls without a defect; writes the page

A mutant is caught when goldencall reports a failed check of the bot (exit 4), or an error of call set-up that names the bot's side (exit 3).
It is blamed on the tester where the error is about goldencall itself. Exit 0 when nothing survived, was blamed, or was caught by another
check than the table says, and no plain call failed.
"""

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
# Errors about the bot's side of a call that was not set up; every other error is about the tester or the machine.
BOTS = {"no_response", "no_answer", "busy", "rejected", "bad_answer", "unreachable"}
PATIENCE = "ring_timeout: 4s"


def scenario(folder, name, dialogue, user, port):
    """The dialogue's scenario, with the mutant as its target."""
    text = (HERE / f"{dialogue}.yaml").read_text()
    text = text.replace(f"name: {dialogue}\n", f'name: {name}\ntarget: {{ sip: {{ uri: "sip:{user}@127.0.0.1:{port}", {PATIENCE} }} }}\n', 1)
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("../../../audio", str(ROOT / "audio")))
    return path


def goldencall(arguments, scenarios, folder, more=()):
    """One run; its calls by scenario name."""
    out = folder / "out"
    command = [arguments.goldencall, "run", "--jobs", str(arguments.jobs), "--out", out, *more, *scenarios]
    environment = {**os.environ, "CI": "true"}
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    report = out / "results.json"
    if not report.exists():
        sys.exit(f"goldencall wrote no report (exit {done.returncode}):\n{done.stdout}")
    return json.loads(report.read_text())["calls"]


def failures(call):
    """The failed checks, each with its reason, in the order of the dialogue."""
    failed = [check for turn in call["turns"] for check in turn["checks"] if check["outcome"] == "failed"]
    return [(check["check"], check.get("reason") or f"expected {check['expected']}, got {check['actual']}") for check in failed]


def verdict(call, checks):
    """caught, missed (by another check than the table says), blamed or survived; the check; the message."""
    checks = checks.split()
    if call["outcome"] == "passed":
        return "survived", "", ""
    if call["outcome"] == "error":
        kind = call["error"]["kind"]
        found = "blamed" if kind not in BOTS else "caught" if kind in checks else "missed"
        return found, kind, call["error"]["message"]
    failed = failures(call)
    by_the_table = [(check, reason) for check, reason in failed if check in checks]
    return ("caught" if by_the_table else "missed"), *(by_the_table or failed)[0]


def run_mutants(arguments, port, names):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = [scenario(folder, name, table.MUTANTS[name].dialogue, name, port) for name in names]
        calls = {call["scenario"]: call for call in goldencall(arguments, files, folder)}
    results = {}
    for name in names:
        found, check, message = verdict(calls[name], table.MUTANTS[name].checks)
        also = sorted({other for other, _ in failures(calls[name])} - {check})
        results[name] = {"verdict": found, "check": check, "message": message.replace(f":{port}", ":5070"), "also": also, "heard": [turn["heard"] for turn in calls[name]["turns"]]}
    return results


def run_plain(arguments, port, count):
    """Calls without a defect, the dialogues in turn."""
    dialogues = list(table.DIALOGUES)
    results = collections.Counter()
    alarms = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = [scenario(folder, f"{dialogue}-{n}", dialogue, dialogue, port) for n in range(-(-count // len(dialogues))) for dialogue in dialogues][:count]
        for call in goldencall(arguments, files, folder):
            results[call["outcome"]] += 1
            if call["outcome"] != "passed":
                error = call["error"]["message"] if call["error"] else ": ".join(failures(call)[0])
                alarms.append(f"{call['scenario']}: {call['outcome']}: {error}; heard {[turn['heard'] for turn in call['turns']]}")
    return {"calls": sum(results.values()), "outcomes": dict(results), "alarms": alarms}


class Hog:
    """Busy loops, two for each core."""

    def __init__(self, wanted):
        self.count = 2 * os.cpu_count() if wanted else 0

    def __enter__(self):
        self.loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(self.count)]

    def __exit__(self, *_):
        for loop in self.loops:
            loop.kill()
            loop.wait()


def report(title, results):
    counts = collections.Counter(result["verdict"] for result in results.values())
    print(f"{title}: {len(results)} mutants,", ", ".join(f"{counts[kind]} {kind}" for kind in ("caught", "missed", "blamed", "survived")), flush=True)
    for name, result in results.items():
        if result["verdict"] != "caught":
            mutant = table.MUTANTS[name]
            print(f"  {name} {result['verdict']}: {mutant.what} (expected: {mutant.checks}; by {result['check'] or 'nothing'}): {result['message']}; heard {result['heard']}")


PAGE = """# Bots with one defect

How often does goldencall pass a bot that is wrong? `tests/peers/mutants` holds a voice bot in Python, written from the RFCs, that
shares no code with goldencall. It has {count} versions with one defect each, the mutants below. Every one must fail, by a check that
names the defect, and calls without a defect must pass. This page is written by

```console
$ cargo build --release && tests/peers/mutants/run.py --goldencall target/release/goldencall --jobs 6 --hog --plain 300 --docs docs/mutants.md
```

`cargo test --test mutants` calls a part of the table; with `GOLDENCALL_MUTANTS=all` in the environment it calls all of it.

| run | calls | caught | by another check | blamed on the tester | survived | minutes |
|---|---|---|---|---|---|---|
{runs}

{differ}
{plain}
{late}

- A mutant is caught if a check fails (exit code 4) or, where no call was set up, if the error names the bot's side (exit code 3). An
  error about goldencall itself counts as blamed on the tester.
- The dialogues are sentences that the recogniser gets right over a clean line. Its own error rate is in [how exact it is](accuracy.md).
- The bot runs under SCHED_FIFO where it is allowed to, so that its own delays are not goldencall's findings.
- "Prednisolone" where "prednisone" was expected passes: the recogniser hears neither word, and the audio fits both.
- A bot that does not answer a BYE is not found: goldencall stops waiting after 2 s and says nothing about it.
"""


def row(title, results, seconds):
    counts = collections.Counter(result["verdict"] for result in results.values())
    return f"| {title} | {len(results)} | {counts['caught']} | {counts['missed']} | {counts['blamed']} | {counts['survived']} | {seconds / 60:.1f} |"


def page(results, seconds):
    """docs/mutants.md."""
    alone, hog, plain, late = (results.get(part) for part in ("alone", "hog", "plain", "late"))
    loops = f"beside {2 * os.cpu_count()} busy loops on {os.cpu_count()} cores"
    runs, differ, good, delays = [row("alone", alone, seconds["alone"])], "", "", ""
    if hog:
        runs.append(row(loops, hog, seconds["hog"]))
        others = [name for name in alone if alone[name]["verdict"] != hog[name]["verdict"]]
        checks = [name for name in alone if alone[name]["check"] != hog[name]["check"] and name not in others]
        differ = f"Verdicts that differ between the two: {', '.join(others) or 'none'}; checks that differ: {', '.join(checks) or 'none'}.\n"
    if plain:
        passed = plain["outcomes"].get("passed", 0)
        good = f"Calls without a defect: {plain['calls']}, of which {passed} passed ({seconds['plain'] / 60:.1f} minutes).\n"
    if late:
        ordered = sorted(late)
        delays = f"How late the bot sent the most delayed audio frame of a call: {ordered[len(ordered) // 2]:.0f} ms (median), {ordered[-1]:.0f} ms at worst, over {len(late)} calls."
    lines = [PAGE.format(count=len(alone), runs="\n".join(runs), differ=differ, plain=good, late=delays)]
    for kind in ("words", "audio", "timing", "call"):
        lines += [f"## {kind.capitalize()}", "", "| mutant | defect | caught by | message |", "|---|---|---|---|"]
        for name, mutant in table.MUTANTS.items():
            if mutant.kind == kind and (result := alone.get(name)):
                message = " ".join(result["message"].split()).replace("|", "\\|")
                lines.append(f"| {name} | {mutant.what} | `{result['check'] or 'nothing'}` | {message} |")
        lines.append("")
    return "\n".join(lines)


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--goldencall", default=ROOT / "target" / "debug" / "goldencall", help="the program")
    parser.add_argument("--jobs", type=int, default=4, help="calls at once")
    parser.add_argument("--quick", action="store_true", help="only the mutants that cargo test runs")
    parser.add_argument("--only", help="only these, separated by commas")
    parser.add_argument("--hog", action="store_true", help="all of it again beside two busy loops per core")
    parser.add_argument("--plain", type=int, default=0, metavar="N", help="then N calls without a defect")
    parser.add_argument("--list", action="store_true", help="print the table and call nothing")
    parser.add_argument("--json", type=Path, help="where to write the results; what is there from an earlier run is kept")
    parser.add_argument("--bot-log", type=Path, help="where the bot writes how late its audio was")
    parser.add_argument("--docs", type=Path, help="where to write the page")
    return parser.parse_args()


def main():
    arguments = options()
    if arguments.list:
        print(*[f"{name}\t{mutant.what}" for name, mutant in table.MUTANTS.items()], sep="\n")
        return
    names = [name for name, mutant in table.MUTANTS.items() if not arguments.quick or mutant.quick]
    if arguments.only is not None:
        names = [name for name in names if name in arguments.only.split(",")]
    bot = subprocess.Popen([sys.executable, HERE / "bot.py", *(["--log", arguments.bot_log] if arguments.bot_log else [])], stdout=subprocess.PIPE, text=True)
    results = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.exists() else {}
    seconds = results.pop("seconds", {})
    try:
        port = int(bot.stdout.readline().split()[1])
        for title in ["alone"] + ["hog"] * arguments.hog if names else []:
            start = time.monotonic()
            with Hog(title == "hog"):
                results.setdefault(title, {}).update(run_mutants(arguments, port, names))
            seconds[title] = seconds.get(title, 0.0) + time.monotonic() - start
            report(title, {name: results[title][name] for name in names})
        if arguments.plain:
            start = time.monotonic()
            plain = results["plain"] = run_plain(arguments, port, arguments.plain)
            seconds["plain"] = time.monotonic() - start
            print(f"plain: {plain['calls']} calls, {plain['outcomes']}", *plain["alarms"], sep="\n  ")
    finally:
        bot.kill()
        bot.wait()
    if arguments.bot_log and arguments.bot_log.exists():
        results["late"] = [float(line.split()[1]) for line in arguments.bot_log.read_text().splitlines()]
    results["seconds"] = seconds
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    if arguments.docs:
        arguments.docs.write_text(page(results, seconds))
    wrong = [name for title in ("alone", "hog") for name, result in results.get(title, {}).items() if result["verdict"] != "caught"]
    sys.exit(1 if wrong or results.get("plain", {}).get("alarms") else 0)


if __name__ == "__main__":
    main()
