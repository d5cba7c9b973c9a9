"""A small stateful double of a Koji hub and of its file server, for the real `koji`.

    python3 koji.py --state DIR --scenario FILE.json [--port N]      prints `listening on http://127.0.0.1:PORT`

It answers the XML-RPC calls of build, watch-task, taskinfo, list-tasks, list-builds, list-targets, buildinfo, cancel,
download-build, download-task, download-logs, watch-logs and `call` at POST /kojihub (uploads in chunks, multiCall), and GET
below /kojifiles, the topurl. A build is a task `build` with the children `rebuildSRPM`, then one `buildArch` for each
architecture (one `noarch` where the package is all noarch), then `tagBuild`; each of the first two is a job of rpmbuild
(farm.py, which has the scenario's format). Targets of the scenario are TARGET/ARCH, and TARGET/srpm: "f42/x86_64".

More keys of the scenario:

    "arches": {"f42": ["x86_64", "aarch64"]}    of a target's build tag; default x86_64
    "build_targets": ["f42"]                    others are unknown. Absent: any

`--authtype password --user releng --password secret` logs in; `guest` with that password is refused by the policy for
builds. A second build of a name-version-release that is being built or complete fails, as Koji does it; a scratch build never
does. A call that is repeated with the number of one that changed something is refused (RetryError), as by the hub. State
beside that of farm.py: DIR/tasks/ID.json, DIR/sessions/ID.json and DIR/work/ for uploads.
"""

import base64
import fnmatch
import os
import re
import sys
import time
import xmlrpc.client
import zlib
from urllib.parse import unquote

sys.dont_write_bytecode = True  # beside the tests
import farm  # noqa: E402
from koji_tasks import (  # noqa: E402
    AUTH, CANCELED, CLOSED, COMPLETE, EXPIRED, FAILED, FREE, GENERIC, NOT_ALLOWED, OPEN, RETRY, USERS, Tasks, archs, number_of)

CHANGES = ("build", "cancelTask")


class Koji(farm.Handler):
    @property
    def hub(self):
        return Tasks(self.farm)

    def name(self):
        """The method: the body has been read."""
        self.method, self.args = "", ()
        if self.command == "POST" and "filename" in self.query:
            self.method = "rawUpload"
        elif self.command == "POST" and self.body:
            self.args, self.method = xmlrpc.client.loads(self.body, use_builtin_types=True)
        return f" {self.method}" if self.method else ""

    def route(self):
        path = unquote(self.split.path)
        if path.startswith("/kojifiles/"):
            self.files(path)
        elif path.startswith("/kojihub"):
            try:
                value = (self.call(self.method, self.args),)
            except xmlrpc.client.Fault as fault:
                value, self.what = fault, f"fault: {fault.faultString}"
            text = xmlrpc.client.dumps(value, methodresponse=True, allow_none=True)
            self.text(200, text, "text/xml", headers=[("Koji-Version", "1.36.1")])

    def call(self, method, args):
        args, named = list(args), {}
        if args and isinstance(args[-1], dict) and args[-1].pop("__starstar", None):
            named = args.pop()
        function = getattr(self, f"do_{method}", None)
        if function is None or method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            raise xmlrpc.client.Fault(GENERIC, f"Invalid method: {method}")
        self.session(method)
        value = function(*args, **named)
        if method in CHANGES and self.headers.get("Koji-Session-Callnum"):
            self.kept["callnum"] = int(self.headers["Koji-Session-Callnum"])
            farm.write(self.farm.state / "sessions" / f"{self.kept['id']}.json", self.kept)
        return value

    # Sessions.

    def session(self, method):
        number, self.kept = self.headers.get("Koji-Session-Id"), {}
        if number and method not in ("login", "logout"):
            self.kept = farm.read(self.farm.state / "sessions" / f"{int(number)}.json") or {}
            if self.kept.get("key") != self.headers.get("Koji-Session-Key"):
                raise xmlrpc.client.Fault(EXPIRED, f"session \"{number}\" has expired")
            call = int(self.headers["Koji-Session-Callnum"])
            if call <= self.kept["callnum"]:
                raise xmlrpc.client.Fault(RETRY, f"unable to retry call {call} (method {method}) for session {number}")

    def user(self):
        if "user" not in self.kept:
            raise xmlrpc.client.Fault(NOT_ALLOWED, "you must be logged in for this operation")
        return self.kept["user"]

    def do_login(self, user, password, opts=None, renew=False, exclusive=False):
        if user not in USERS.values() or password != "secret":
            raise xmlrpc.client.Fault(AUTH, "invalid username or password")
        number = self.farm.number("last-session")
        kept = {"id": number, "key": base64.b16encode(os.urandom(8)).decode(), "user": user, "callnum": -1}
        farm.write(self.farm.state / "sessions" / f"{number}.json", kept)
        return {"session-id": number, "session-key": kept["key"], "header-auth": True}

    def do_logout(self, session_id=None):
        return None

    def do_multiCall(self, calls):
        results = []
        for call in calls:
            try:
                results.append([self.call(call["methodName"], call["params"])])
            except xmlrpc.client.Fault as fault:
                results.append({"faultCode": fault.faultCode, "faultString": fault.faultString, "traceback": []})
        return results

    # Names: what a client asks before it does something.

    def do_getAPIVersion(self):
        return 1

    def do_getKojiVersion(self):
        return "1.36.1"

    def do_getLoggedInUser(self):
        return self.do_getUser(self.kept["user"]) if "user" in self.kept else None

    def do_getUser(self, user=None, strict=False, **_):
        found = [{"id": number, "name": name, "status": 0, "usertype": 0} for number, name in USERS.items() if user in (number, name)]
        return found[0] if found else None

    def do_getHost(self, host, strict=False):
        return {"id": host, "name": f"builder-{host:02}.double"}

    def do_getBuildTarget(self, name, event=None, strict=False):
        known = self.farm.scenario().get("build_targets")
        if known is not None and name not in known:
            return None
        build, dest = f"{name}-build", f"{name}-candidate"
        return {"id": number_of(name), "name": name, "build_tag": number_of(build), "build_tag_name": build,
                "dest_tag": number_of(dest), "dest_tag_name": dest}

    def do_getBuildTargets(self, info=None, **_):
        names = [info] if info else self.farm.scenario().get("build_targets", [])
        return [target for target in map(self.do_getBuildTarget, names) if target]

    def do_getTag(self, tag, strict=False, **_):
        return {"id": tag, "name": str(tag), "locked": False, "arches": "x86_64", "extra": {}}

    def do_getPackageID(self, name, strict=False):
        return number_of(name) if any(build["name"] == name for build in self.hub.builds()) else None

    def nothing(self, *_, **__):
        return []

    do_listTags = do_listArchives = do_queryRPMSigs = do_listBuildroots = do_getChangelogEntries = nothing

    def none(self, *_, **__):
        return None

    do_getMavenBuild = do_getWinBuild = do_getRPM = none

    # Uploads and builds.

    def uploaded(self, path, name):
        file = (self.farm.state / "work" / path / name).resolve()
        if self.farm.state / "work" not in file.parents:
            raise xmlrpc.client.Fault(GENERIC, f"Invalid upload path: {path}")
        return file

    def do_rawUpload(self):
        self.user()
        file, offset = self.uploaded(self.query["filepath"], self.query["filename"]), int(self.query["offset"])
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "r+b" if file.exists() and offset else "wb") as out:
            out.seek(offset)
            out.write(self.body)
        return {"size": len(self.body), "fileverify": "adler32", "hexdigest": f"{zlib.adler32(self.body):08x}", "offset": offset}

    def do_checkUpload(self, path, name, verify=None, tail=None, volume=None):
        file = self.uploaded(path, name)
        if not file.exists():
            return None
        digest = f"{zlib.adler32(file.read_bytes()):08x}"
        return {"size": file.stat().st_size, "mtime": file.stat().st_mtime, "hexdigest": digest if verify else None}

    def do_build(self, src, target, opts=None, priority=None, channel=None):
        user, opts = self.user(), opts or {}
        if user == "guest":
            raise xmlrpc.client.Fault(NOT_ALLOWED, "policy violation (build_from_srpm)")
        if not self.do_getBuildTarget(target):
            raise xmlrpc.client.Fault(GENERIC, f"No such build target: {target!r}")
        srpm = self.uploaded(*os.path.split(src))
        wanted = opts.get("arch_override", "").split() or self.farm.scenario().get("arches", {}).get(target, ["x86_64"])
        exclusive = archs(srpm, "EXCLUSIVEARCH")
        wanted = [arch for arch in wanted if not exclusive or arch in exclusive]
        if archs(srpm, "BUILDARCHS") == ["noarch"]:
            wanted = ["noarch"]
        rebuild = not opts.get("scratch") or opts.get("rebuild_srpm", True)
        number = self.farm.number("last-task")
        parts = (["srpm"] if rebuild else []) + wanted + ([] if opts.get("scratch") else ["tag"])
        task = {"id": number, "user": user, "request": [src, target, opts], "target": target, "opts": opts,
                "priority": 20 + (priority or 0), "created": time.time(), "srpm": str(srpm),
                "children": {part: self.farm.number("last-task") for part in parts},
                "build": None if opts.get("scratch") else self.farm.number("last-build")}
        farm.write(self.farm.state / "tasks" / f"{number}.json", task)
        delay = 0
        if rebuild:
            self.farm.submit(f"{number}-srpm", srpm, f"{target}/srpm", "noarch", mode="-rs")
            delay = self.farm.target(f"{target}/srpm").get("seconds", 0)
        for arch in wanted:
            mode = "-ra" if arch == wanted[0] else "-rb"
            self.farm.submit(f"{number}-{arch}", srpm, f"{target}/{arch}", arch, mode=mode, delay=delay)
        self.what = f"created task {number} of {srpm.name} for {target}"
        return number

    def do_cancelTask(self, task_id, recurse=True):
        task = self.hub.task(task_id)
        if self.user() != task["user"]:
            raise xmlrpc.client.Fault(NOT_ALLOWED, "Cannot cancel task, not owner")
        if self.hub.whole(task)[0] in (FREE, OPEN):
            self.hub.settle(task, canceled=time.time())
            self.hub.stop(task)
        self.what = f"canceled task {task_id}"

    def do_getTaskInfo(self, task_id, request=False, strict=False):
        try:
            return self.hub.described(self.hub.task(task_id), task_id, request)
        except xmlrpc.client.Fault:
            if strict:
                raise
            return None

    def do_getTaskChildren(self, task_id, request=False, strict=False):
        if not self.do_getTaskInfo(task_id, strict=strict):
            return []
        task = self.hub.task(task_id)
        state, known = self.hub.whole(task)[0], self.hub.nvr(task) and not task.get("duplicate")
        shown = [number for part, number in task["children"].items() if part == "srpm" or known and (part != "tag" or state == CLOSED)]
        return [self.hub.described(task, number, request) for number in shown] if task_id == task["id"] else []

    def do_getTaskRequest(self, task_id):
        return self.do_getTaskInfo(task_id, True, True)["request"]

    def do_getTaskResult(self, task_id, raise_fault=True):
        task, info = self.hub.task(task_id), self.do_getTaskInfo(task_id)
        if info["state"] == CANCELED:
            raise xmlrpc.client.Fault(GENERIC, f"Task {task_id} is canceled")
        if info["state"] == FAILED:
            code, text = self.hub.whole(task)[3]
            if not raise_fault:
                return {"faultCode": code, "faultString": text}
            raise xmlrpc.client.Fault(code, text)
        return {"rpms": [], "srpms": [], "logs": []} if info["state"] == CLOSED else None

    def do_listTasks(self, opts=None, queryOpts=None):
        opts, found = opts or {}, []
        for task in self.hub.tasks():
            for number in (task["id"], *(child["id"] for child in self.do_getTaskChildren(task["id"]))):
                info = self.hub.described(task, number)
                wanted = all(info[key] in (opts[key] if isinstance(opts[key], list) else [opts[key]])
                             for key in ("state", "owner", "method", "arch", "parent", "host_id") if key in opts)
                if wanted and info["create_ts"] >= float(opts.get("createdAfter") or 0):
                    found.append(info)
        return found

    # What came out.

    def outputs(self, number):
        """The files of a task of a job; none while they are late."""
        task = self.hub.task(number)
        part = next((part for part, child in task["children"].items() if child == number), None)
        return {file.name: file for file in (part and self.farm.results(f"{task['id']}-{part}")) or []}

    def do_listTaskOutput(self, task_id, stat=False, all_volumes=False, strict=False):
        task = self.hub.task(task_id)
        part = next((part for part, child in task["children"].items() if child == task_id), None)
        folder = self.farm.state / "jobs" / f"{task['id']}-{part}" / "results"
        names = sorted(file.name for file in folder.glob("*")) if self.do_getTaskInfo(task_id)["completion_ts"] else []
        return {name: ["DEFAULT"] for name in names} if all_volumes else names

    def do_downloadTaskOutput(self, task_id, name, offset=0, size=-1, volume=None):
        content = self.outputs(task_id)[name].read_bytes()[offset:]
        return base64.b64encode(content if size < 0 else content[:size]).decode()

    def do_getBuild(self, build, strict=False):
        matching = [found for found in self.hub.builds() if build in (found["id"], found["nvr"])]
        if strict and not matching:
            raise xmlrpc.client.Fault(GENERIC, f"No such build: {build!r}")
        return matching[-1] if matching else None

    def do_listBuilds(self, **filters):
        keys = {"packageID": "package_id", "userID": "owner_id", "taskID": "task_id", "state": "state"}
        found = [build for build in self.hub.builds() if all(build[keys[key]] == value for key, value in filters.items() if key in keys)]
        glob = filters.get("pattern") or (f"{filters['prefix']}*" if "prefix" in filters else "*")
        return [build for build in found if fnmatch.fnmatchcase(build["nvr"], glob)]

    def do_listRPMs(self, buildID=None, arches=None, **_):
        build, listed = self.do_getBuild(buildID, strict=True), []
        for name, (_, file) in self.hub.rpms(build).items() if build["state"] == COMPLETE else ():
            info = farm.nevra(file)
            if not arches or info["arch"] in arches:
                listed.append({**info, "id": number_of(name), "build_id": build["id"], "size": file.stat().st_size,
                               "nvr": f"{info['name']}-{info['version']}-{info['release']}",
                               "payloadhash": farm.query(file, ["SIGMD5"])["SIGMD5"], "buildtime": int(build["completion_ts"])})
        return listed

    def files(self, path):
        work = re.fullmatch(r"/kojifiles/work/tasks/\d+/(\d+)/([^/]+)", path)
        package = re.fullmatch(r"/kojifiles/packages/([^/]+)/([^/]+)/([^/]+)/[^/]+/([^/]+)", path)
        if work and work.group(2) in self.outputs(int(work.group(1))):
            self.file(self.outputs(int(work.group(1)))[work.group(2)])
        elif package:
            build = self.do_getBuild("-".join(package.groups()[:3]))
            part, file = self.hub.rpms(build).get(package.group(4), (None, None)) if build else (None, None)
            if file and self.farm.results(f"{build['task_id']}-{part}"):
                self.file(file)


if __name__ == "__main__":
    farm.serve(Koji, "A double of a Koji hub, for tests.")
