"""What the doubles of Copr and Koji share: the scenario, the faults, the log of requests, builds that rpmbuild really
makes, and files served with ranges.

Everything the server knows is in the folder `--state DIR`: a killed server that is started again on it (`--port N`
keeps the address) goes on, as a farm does whose builders never noticed. A job's state is a function of the clock and of
whether rpmbuild has finished, so time passes while the server is down, too.

    DIR/requests.log      one line a request: METHOD PATH[ XML-RPC-METHOD] STATUS WHAT
    DIR/jobs/JOB/         job.json, result.json when rpmbuild has finished, results/

The scenario is a JSON file, read again at every request, every key optional:

    {
      "targets": {
        "fedora-42-x86_64": {        Copr: a chroot. Koji: TARGET/ARCH. Shell patterns; all that match are merged, the
                                     last wins, so "*" comes first
          "seconds": 3,              how long the build takes: half of it pending, then running
          "result": "failed",        or "succeeded", "canceled", "skipped" (Copr)
          "late": 2,                 listed as done, and the files answer 404 for so many seconds
          "dist": ".fc42",           where the target's name does not say it
          "macros": {"rhel": "9"},   added to `--define`
          "wrong": {"release": "7.fc42"},       each RPM is replaced by an empty one with another name, version, release, arch
          "extra": [{"name": "x-debuginfo"}],   and such are added; what is not said is that of the first RPM
          "rpms": ["/path/x.rpm"],   these come back in place of all
          "without": "REGEX"         files whose name matches are lost
        }
      },
      "faults": [{
        "match": "POST /api_3/build/create",   REGEX in "METHOD PATH[ XML-RPC-METHOD]"
        "skip": 0, "first": 1,       which of the matching requests; "first": null means every one
        "answer": "close",           no answer; or 502, 503, …; or {"truncate": 1000}: a file is cut off after 1000 bytes;
                                     or {"delay": 5}: it is carried out, and answered 5 seconds later
        "after": true                it is carried out first, and only the answer is lost
      }],
      "read_timeout": 20             a body that has not come after so many seconds is answered with 408
    }

Counters of faults are in DIR too. Both servers build for `Farm.workers` targets at a time.
"""

import argparse
import fnmatch
import functools
import html
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

FINISHED = ("succeeded", "failed", "canceled", "skipped")


class Dropped(Exception):
    """The connection ends without an answer."""


def write(path, value):
    """Writes JSON so that a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{threading.get_ident()}")
    aside.write_text(json.dumps(value, indent=1))
    aside.rename(path)


def read(path, default=None):
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return default


def query(rpm, tags):
    """The values of RPM tags, empty where a tag is not set."""
    return dict(zip(tags, _query(str(rpm), tuple(tags), rpm.stat().st_mtime_ns)))


@functools.lru_cache(maxsize=None)
def _query(rpm, tags, _changed):
    form = "\\n".join("%|" + tag + "?{%{" + tag + "}}:{}|" for tag in tags) + "\\n"
    output = subprocess.run(["rpm", "-qp", "--nosignature", "--qf", form, rpm], check=True, capture_output=True, text=True)
    return output.stdout.split("\n")


def nevra(rpm):
    tags = query(rpm, ["NAME", "EPOCH", "VERSION", "RELEASE", "ARCH"])
    arch = "src" if str(rpm).endswith(".src.rpm") else tags["ARCH"]
    epoch = int(tags["EPOCH"]) if tags["EPOCH"] else None
    return {"name": tags["NAME"], "epoch": epoch, "version": tags["VERSION"], "release": tags["RELEASE"], "arch": arch}


class Farm:
    workers = 2

    def __init__(self, state, scenario):
        self.state, self.scenario_file = Path(state).resolve(), Path(scenario).resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        for scratch in self.state.glob("scratch-*"):
            shutil.rmtree(scratch, ignore_errors=True)
        self.free = threading.Semaphore(self.workers)
        for job in sorted(self.state.glob("jobs/*/job.json")):
            if not (job.parent / "result.json").exists():
                self._begin(job.parent.name)

    def scenario(self):
        return json.loads(self.scenario_file.read_text())

    def target(self, name):
        settings = {}
        for pattern, values in self.scenario().get("targets", {}).items():
            if fnmatch.fnmatchcase(name, pattern):
                settings.update(values)
        return settings

    def log(self, line):
        with self.lock, open(self.state / "requests.log", "a") as log:
            log.write(line + "\n")

    def number(self, counter):
        """The next number of a counter, never given twice."""
        with self.lock:
            value = read(self.state / counter, 0) + 1
            write(self.state / counter, value)
            return value

    def fault(self, request):
        for fault in self.scenario().get("faults", []):
            if re.search(fault["match"], request):
                with self.lock:
                    counts = read(self.state / "faults.json", {})
                    key = json.dumps(fault, sort_keys=True)
                    seen = counts[key] = counts.get(key, 0) + 1
                    write(self.state / "faults.json", counts)
                nth, first = seen - fault.get("skip", 0), fault.get("first", 1)
                if nth > 0 and (first is None or nth <= first):
                    return fault
        return None

    # Jobs: one rpmbuild each.

    def submit(self, name, srpm, target, arch, mode="-ra", delay=0):
        """Begins to build; `mode` is rpmbuild's: -ra for both kinds, -rb, -rs."""
        job = {"srpm": str(srpm), "target": target, "arch": arch, "mode": mode, "submitted": time.time() + delay}
        job["settings"] = self.target(target)
        write(self.state / "jobs" / name / "job.json", job)
        self._begin(name)

    def job(self, name):
        """The job with its `state`, `started` and `ended`, or None."""
        job = read(self.state / "jobs" / name / "job.json")
        if job is None:
            return None
        result = read(self.state / "jobs" / name / "result.json")
        seconds, now = job["settings"].get("seconds", 0), time.time()
        begin, end = job["submitted"] + seconds / 2, job["submitted"] + seconds
        job.update(state="pending", started=None, ended=None, error=None)
        if job.get("canceled"):
            job.update(state="canceled", ended=job["canceled"])
        elif result and now >= end:
            job.update(state=result["result"], started=begin, ended=max(end, result["ended"]), error=result.get("error"))
        elif now >= begin:
            job.update(state="running", started=begin)
        return job

    def cancel(self, name):
        job = self.job(name)
        if job and job["state"] not in FINISHED:
            path = self.state / "jobs" / name / "job.json"
            write(path, dict(read(path), canceled=time.time()))

    def results(self, name):
        """The files of a job that has ended; None while they are late."""
        job = self.job(name)
        if not job or job["ended"] is None or time.time() < job["ended"] + job["settings"].get("late", 0):
            return None
        return sorted(p for p in (self.state / "jobs" / name / "results").glob("*") if p.is_file())

    def _begin(self, name):
        threading.Thread(target=self._build, args=(name,), daemon=True).start()

    def _build(self, name):
        folder = self.state / "jobs" / name
        job, outcome = read(folder / "job.json"), {"result": "failed"}
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.state))
        results = scratch / "results"
        results.mkdir()
        with self.free:
            try:
                result = job["settings"].get("result", "succeeded")
                log = self._rpmbuild(scratch, job, ["--nodeps", job["mode"], job["srpm"]], result)
                (results / "build.log").write_text(log.stdout)
                outcome = {"result": result if result != "succeeded" or log.returncode == 0 else "failed"}
                if outcome["result"] == "failed":
                    outcome["error"] = f"rpmbuild failed, see build.log for more information ({job['target']})"
                for rpm in list(scratch.glob("RPMS/*/*.rpm")) + list(scratch.glob("SRPMS/*.rpm")):
                    rpm.rename(results / rpm.name)
                if outcome["result"] == "succeeded":
                    self._alter(scratch, results, job)
            except Exception as error:  # a job must end
                outcome["error"] = f"{type(error).__name__}: {error}"
        shutil.rmtree(folder / "results", ignore_errors=True)
        results.rename(folder / "results")
        write(folder / "result.json", dict(outcome, ended=time.time()))
        shutil.rmtree(scratch, ignore_errors=True)

    def _rpmbuild(self, scratch, job, arguments, result="succeeded"):
        if result != "succeeded":
            return subprocess.CompletedProcess([], 1, f"+ exit 1\nerror: Bad exit status ({result}, as the scenario says)\n")
        macros = {"_topdir": str(scratch), "_buildhost": "double", **distribution(job["target"], job["settings"].get("dist"))}
        macros.update(job["settings"].get("macros", {}))
        command = ["rpmbuild", *arguments]
        if job["arch"] != "noarch":
            command[1:1] = ["--target", job["arch"]]
        for macro, value in macros.items():
            command[1:1] = ["--define", f"{macro} {value}"]
        leaking = re.compile(r"CARGO(?!_HOME$)|RUSTC|RUSTFLAGS|RUSTUP_TOOLCHAIN|RPM")
        scrubbed = {key: value for key, value in os.environ.items() if not leaking.match(key)}
        return subprocess.run(command, env=scrubbed, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", check=False)

    def _alter(self, scratch, results, job):
        settings = job["settings"]
        built = sorted(p for p in results.glob("*.rpm") if not p.name.endswith(".src.rpm"))
        if "wrong" in settings:
            for rpm in built:
                values = dict(nevra(rpm), **settings["wrong"])
                rpm.unlink()
                self._empty(scratch, results, job, values)
        for values in settings.get("extra", []) if built else []:
            source = next(p for p in sorted(results.glob("*.rpm")) if not p.name.endswith(".src.rpm"))
            self._empty(scratch, results, job, dict(nevra(source), **values))
        if "rpms" in settings:
            for rpm in results.glob("*.rpm"):
                rpm.unlink()
            for rpm in settings["rpms"]:
                shutil.copy(rpm, results)
        for path in results.glob("*"):
            if "without" in settings and re.search(settings["without"], path.name):
                path.unlink()

    def _empty(self, scratch, results, job, values):
        spec = scratch / "empty.spec"
        arch = "BuildArch: noarch\n" if values["arch"] == "noarch" else ""
        spec.write_text("Name: {name}\nVersion: {version}\nRelease: {release}\nSummary: Empty\nLicense: MIT\n".format(**values)
                        + arch + "%description\nEmpty.\n%files\n")
        log = self._rpmbuild(scratch, dict(job, arch=values["arch"]), ["-bb", str(spec)])
        if log.returncode:
            raise RuntimeError(log.stdout)
        for rpm in scratch.glob("RPMS/*/*.rpm"):
            rpm.rename(results / rpm.name)


def distribution(target, dist=None):
    """The macros that the builder of a distribution defines."""
    for pattern, tag in ((r"(?:fedora-|\bf)(\d+)", "fc"), (r"(?:epel|rhel|centos-stream|el|c|e)[-+]?(\d+)", "el")):
        found = re.search(pattern, target)
        if found:
            number = found.group(1)
            return {"dist": dist or f".{tag}{number}", "fedora" if tag == "fc" else "rhel": number}
    return {"dist": dist} if dist else {}


class Handler(http.server.BaseHTTPRequestHandler):
    """A request: read, then maybe a fault, then `route`, which answers with `json`, `text`, `xml` or `file`."""

    protocol_version = "HTTP/1.1"
    farm = None

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except ConnectionError:  # the client is gone, between two requests
            pass

    def name(self):
        """What a fault's `match` and the log see after the path, e.g. the method of an XML-RPC call."""
        return ""

    def any(self):
        self.split = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(self.split.query).items()}
        self.status, self.what, self.cut, self.reply = 0, "", None, None
        whole = self.read_body()
        request = f"{self.command} {unquote(self.split.path)}{self.name()}"
        fault = self.farm.fault(request) if whole else {"answer": 408}
        answer = fault and fault["answer"]
        try:
            if isinstance(answer, dict):
                self.cut = answer.get("truncate")
            if answer is None or fault.get("after") or isinstance(answer, dict):
                self.route()
            if isinstance(answer, dict) and "delay" in answer:
                self.farm.log(f"{request} waits {self.what}".rstrip())
                self.what = ""
                time.sleep(answer["delay"])
            if answer == "close":
                raise Dropped
            if isinstance(answer, int):
                self.text(answer, f"<html><h1>{answer}</h1></html>", "text/html")
            self.send()
        except Dropped:
            self.status, self.close_connection = 0, True
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:  # a bug of the double must be seen, and not hang the client
            self.text(500, f"<html>{html.escape(repr(error))}</html>", "text/html", repr(error))
            self.send()
        self.close_connection |= not whole
        self.farm.log(f"{request} {self.status or 'closed'} {self.what}".rstrip())
        if self.close_connection:
            try:
                self.connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def read_body(self):
        """Reads it; False where it does not come, for which a real server has a time limit, too."""
        length = int(self.headers.get("Content-Length") or 0)
        self.body, before = b"", self.connection.gettimeout()
        self.connection.settimeout(self.farm.scenario().get("read_timeout", 20))
        try:
            self.body = self.rfile.read(length)
        except OSError:
            self.what = "408 is what a client gets that announces a body and does not send it"
        self.connection.settimeout(before)
        return len(self.body) == length

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = any

    def json(self, value, status=200, what=""):
        self.text(status, json.dumps(value), "application/json", what)

    def text(self, status, text, kind, what="", headers=()):
        self.what = self.what or what
        self.reply = (status, [("Content-Type", kind), *headers], text.encode())

    def file(self, path, content=None):
        """A file, or the part of it that `Range` asks for."""
        content, begin = path.read_bytes() if content is None else content, 0
        headers = [("Content-Type", "application/octet-stream"), ("Accept-Ranges", "bytes"),
                   ("Last-Modified", self.date_time_string(int(path.stat().st_mtime)))]
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if wanted:
            begin = int(wanted.group(1))
            if begin >= len(content):
                self.reply = (416, [("Content-Range", f"bytes */{len(content)}")], b"")
                return
            headers.append(("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}"))
        self.reply = (206 if wanted else 200, headers, content[begin:])

    def send(self):
        if self.reply is None:
            self.text(404, "<html><h1>404 Not Found</h1></html>", "text/html")
        status, headers, content = self.reply
        self.status = status
        self.send_response(status)
        for header, value in headers:
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.cut is not None and len(content) > self.cut:
            content, self.close_connection = content[: self.cut], True
            self.what = f"cut off after {self.cut} bytes"
        self.wfile.write(content)
        self.wfile.flush()


def serve(handler, description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--state", required=True, help="the folder that holds all that the server knows")
    parser.add_argument("--scenario", required=True, help="a JSON file; see farm.py")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    handler.farm = Farm(options.state, options.scenario)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), handler)
    server.daemon_threads = True
    handler.url = f"http://127.0.0.1:{server.server_address[1]}"
    print(f"listening on {handler.url}", flush=True)
    server.serve_forever()
