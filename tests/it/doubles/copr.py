"""A small stateful double of Copr's frontend and of its folder of results, for the real `copr-cli`.

    python3 copr.py --state DIR --scenario FILE.json [--port N]      prints `listening on http://127.0.0.1:PORT`

It answers, under /api_3 (what copr-cli 2.6 calls for build, watch-build, status, download-build, cancel, monitor, get,
list-builds, list-packages, get-package, whoami):

    POST build/check-before-build   POST build/create/upload   GET build/ID   GET build/list   PUT build/cancel/ID
    GET build/built-packages/ID     GET build-chroot           GET build-chroot/list           GET project
    GET monitor                     GET package                GET package/list                GET auth-check

and under /results/OWNER/PROJECT/CHROOT/ID-NAME/ the listings and files that `wget -r` fetches. Each chroot of a build is
one job of rpmbuild (farm.py, which has the scenario's format); targets are chroots such as fedora-42-x86_64.

More keys of the scenario:

    "chroots": ["fedora-42-x86_64"]  those of the project, built where -r names none; others are refused. Absent: any
    "importing": 2                   for so many seconds a new build has no package name and no version, as in Copr
    "projects": ["releng/lago"]      others answer 404. Absent: any
    "storage": "pulp"                RPMs are not listed, only served by name; default "backend"

Login `releng`, token `secret`. `guest`, with the same token, is known and may not build; others get 401. State beside
that of farm.py: DIR/builds/ID.json and DIR/uploads/.
"""

import base64
import gzip
import html
import json
import re
import subprocess
import sys
import time
from urllib.parse import unquote

sys.dont_write_bytecode = True  # beside the tests
import farm  # noqa: E402

# A build is what its chroots are: the first of these that one of them is.
ORDER = ("importing", "running", "starting", "pending", "failed", "canceled", "skipped", "succeeded")
LISTED = "Sun, 01-Jan-2023 00:00"


class Refused(Exception):
    def __init__(self, status, error):
        super().__init__(error)
        self.status, self.error = status, error


class Copr(farm.Handler):
    def route(self):
        path = unquote(self.split.path)
        try:
            if path.startswith("/results/"):
                self.results(path)
            elif path.startswith("/api_3/"):
                self.api(path[len("/api_3/"):].strip("/"))
        except Refused as refused:
            self.json({"error": refused.error}, refused.status, refused.error)

    def api(self, path):
        for method, pattern, function in (
            ("POST", "build/check-before-build", self.check),
            ("POST", "build/create/upload", self.upload),
            ("GET", r"build/built-packages/(\d+)", self.built_packages),
            ("PUT", r"build/cancel/(\d+)", self.cancel),
            ("GET", "build/list", self.list),
            ("GET", r"build/(\d+)", lambda number: self.json(self.described(self.build(number)))),
            ("GET", "build-chroot", self.chroot),
            ("GET", "build-chroot/list", self.chroot_list),
            ("GET", "project", self.project),
            ("GET", "monitor", self.monitor),
            ("GET", "package", lambda: self.json(self.package(self.query["packagename"]))),
            ("GET", "package/list", self.package_list),
            ("GET", "auth-check", lambda: self.json({"id": 1, "name": self.user()})),
        ):
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                return function(*found.groups())
        raise Refused(404, "Such API endpoint doesn't exist")

    def user(self):
        kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
        login, _, token = base64.b64decode(value).decode().partition(":") if kind == "Basic" else ("", "", "")
        if login not in ("releng", "guest") or token != "secret":
            raise Refused(401, f"Login invalid/expired. Please visit {self.url}/api to get or renew your API token.")
        return login

    # What is asked for a build.

    def allowed(self, form):
        user = self.user()
        project = self.known(form["ownername"], form["projectname"])
        if user == "guest":
            raise Refused(403, f"User {user} is not allowed to build in the copr: {project}")
        chroots = self.farm.scenario().get("chroots")
        wanted = form.get("chroots") or chroots or []
        unknown = [chroot for chroot in wanted if chroots is not None and chroot not in chroots]
        if unknown or not wanted:
            raise Refused(400, f"Bad request parameters: {{'chroots': [\"'{', '.join(unknown)}' is not a valid choice.\"]}}")
        return user, [chroot for chroot in wanted if chroot not in (form.get("exclude_chroots") or [])]

    def known(self, owner, project):
        name, projects = f"{owner}/{project}", self.farm.scenario().get("projects")
        if projects is not None and name not in projects:
            raise Refused(404, f"Project {name} does not exist.")
        return name

    def check(self):
        self.allowed(json.loads(self.body))
        self.json({"message": "It should be safe to submit a build like this"})

    def upload(self):
        parts = multipart(self.headers["Content-Type"], self.body)
        if "json" not in parts or "pkgs" not in parts:
            raise Refused(400, "Bad request parameters: {'pkgs': ['This field is required.']}")
        form = json.loads(parts["json"][1])
        user, chroots = self.allowed(form)
        number = self.farm.number("last-build")
        name, content = parts["pkgs"]
        srpm = self.farm.state / "uploads" / str(number) / re.sub(r"[^\w.+~-]", "_", name)
        srpm.parent.mkdir(parents=True)
        srpm.write_bytes(content)
        try:
            tags = farm.nevra(srpm)
        except subprocess.CalledProcessError:
            raise Refused(400, f"{name} is no source RPM, and the double builds nothing else") from None
        importing = self.farm.scenario().get("importing", 0)
        farm.write(self.farm.state / "builds" / f"{number}.json", {
            "id": number, "owner": form["ownername"], "project": form["projectname"], "file": srpm.name,
            "dirname": form.get("project_dirname") or form["projectname"], "chroots": chroots, "user": user,
            "background": bool(form.get("background")), "submitted": time.time(), "imported": time.time() + importing,
            "name": tags["name"], "version": f"{tags['version']}-{tags['release']}",
        })
        for chroot in chroots:
            self.farm.submit(f"{number}-{chroot}", srpm, chroot, chroot.rsplit("-", 1)[1], delay=importing)
        self.json(self.described(self.build(number)), what=f"created build {number} of {name} for {','.join(chroots)}")

    def cancel(self, number):
        self.user()
        build = self.build(number)
        if self.state(build) in farm.FINISHED:
            raise Refused(400, f"Cannot cancel build {number} in state {self.state(build)!r}")
        for chroot in build["chroots"]:
            self.farm.cancel(f"{number}-{chroot}")
        self.json(self.described(build), what=f"canceled build {number}")

    # What is known of one.

    def build(self, number):
        build = farm.read(self.farm.state / "builds" / f"{int(number)}.json")
        if build is None:
            raise Refused(404, f"Build {number} does not exist." if int(number) < 2**31 else "integer out of range")
        build["nameless"] = time.time() < build["imported"]
        return build

    def job(self, build, chroot):
        job = self.farm.job(f"{build['id']}-{chroot}")
        if job["state"] == "pending" and build["nameless"]:
            job["state"] = "importing"
        return job

    def state(self, build):
        states = {self.job(build, chroot)["state"] for chroot in build["chroots"]}
        return next(state for state in ORDER if state in states)

    def described(self, build):
        jobs = [self.job(build, chroot) for chroot in build["chroots"]]
        ended = [job["ended"] for job in jobs]
        started = [job["started"] for job in jobs if job["started"]]
        nameless = build["nameless"]
        return {
            "id": build["id"], "state": self.state(build), "ownername": build["owner"], "projectname": build["project"],
            "project_dirname": build["dirname"], "chroots": build["chroots"], "submitter": build["user"],
            "is_background": build["background"], "submitted_on": int(build["submitted"]),
            "started_on": int(min(started)) if started else None,
            "ended_on": int(max(ended)) if all(ended) else None,
            "repo_url": f"{self.url}/results/{build['owner']}/{build['project']}",
            "source_package": {
                "name": None if nameless else build["name"], "version": None if nameless else build["version"],
                "url": f"{self.url}/results/{build['owner']}/{build['dirname']}/srpm-builds/{build['id']:08}/{build['file']}",
            },
        }

    def described_chroot(self, build, chroot):
        job = self.job(build, chroot)
        folder = f"{build['owner']}/{build['dirname']}/{chroot}/{build['id']:08}-{build['name']}"
        return {
            "name": chroot, "state": job["state"], "started_on": int(job["started"]) if job["started"] else None,
            "ended_on": int(job["ended"]) if job["ended"] else None,
            "result_url": None if job["started"] is None else f"{self.url}/results/{folder}/",
        }

    def chroot(self):
        build = self.build(self.query["build_id"])
        if self.query["chrootname"] not in build["chroots"]:
            raise Refused(404, f"Missing chroot {self.query['chrootname']} in build {build['id']}")
        self.json(self.described_chroot(build, self.query["chrootname"]))

    def chroot_list(self):
        build = self.build(self.query["build_id"])
        self.page([self.described_chroot(build, chroot) for chroot in build["chroots"]])

    def built_packages(self, number):
        build = self.build(number)
        answer = {}
        for chroot in build["chroots"]:
            done = self.job(build, chroot)["state"] == "succeeded"
            folder = self.farm.state / "jobs" / f"{number}-{chroot}" / "results"
            answer[chroot] = {"packages": [farm.nevra(rpm) for rpm in sorted(folder.glob("*.rpm"))] if done else []}
        self.json(answer)

    # What is known of a project.

    def builds(self, owner, project):
        self.known(owner, project)
        numbers = sorted((int(path.stem) for path in self.farm.state.glob("builds/*.json")), reverse=True)
        builds = [self.build(number) for number in numbers]
        return [build for build in builds if (build["owner"], build["project"]) == (owner, project)]

    def mine(self):
        return self.builds(self.query["ownername"], self.query["projectname"])

    def page(self, items):
        offset, limit = int(self.query.get("offset", 0)), int(self.query.get("limit", 100))
        meta = {"offset": offset, "limit": limit, "order": "id", "order_type": "ASC"}
        self.json({"items": items[offset:offset + limit], "meta": meta})

    def list(self):
        builds, name = self.mine(), self.query.get("packagename")
        if name is not None:
            builds = [build for build in builds if build["name"] == name and not build["nameless"]]
        described = [self.described(build) for build in builds]
        self.page([build for build in described if self.query.get("status", build["state"]) == build["state"]])

    def project(self):
        owner, project = self.query["ownername"], self.query["projectname"]
        name, scenario = self.known(owner, project), self.farm.scenario()
        repos = {chroot: f"{self.url}/results/{name}/{chroot}/" for chroot in scenario.get("chroots", [])}
        self.json({
            "id": 1, "name": project, "ownername": owner, "full_name": name, "description": "", "instructions": "",
            "chroot_repos": repos, "additional_repos": [], "devel_mode": False, "storage": scenario.get("storage", "backend"),
        })

    def monitor(self):
        packages = {}
        for build in self.mine():
            if not build["nameless"] and build["dirname"] == self.query.get("project_dirname", build["project"]):
                chroots = packages.setdefault(build["name"], {})
                for chroot in build["chroots"]:
                    state = self.job(build, chroot)["state"]
                    latest = {"state": state, "status": ORDER.index(state), "build_id": build["id"], "pkg_version": build["version"]}
                    chroots.setdefault(chroot, latest)
        items = [{"name": name, "chroots": packages[name]} for name in sorted(packages)]
        self.json({"message": "Project monitor request successful", "output": "ok", "packages": items})

    def package(self, name):
        builds = [self.described(build) for build in self.mine() if build["name"] == name and not build["nameless"]]
        if not builds:
            raise Refused(404, f"No package with name {name} in project {self.query['projectname']}")
        succeeded = [build for build in builds if build["state"] == "succeeded"]
        wants = {key: self.query.get(f"with_{key}_build") == "True" for key in ("latest", "latest_succeeded")}
        return {
            "id": 1, "name": name, "ownername": self.query["ownername"], "projectname": self.query["projectname"],
            "source_type": "upload", "source_dict": {}, "auto_rebuild": False,
            "builds": {
                "latest": builds[0] if wants["latest"] else None,
                "latest_succeeded": succeeded[0] if succeeded and wants["latest_succeeded"] else None,
            },
        }

    def package_list(self):
        self.page([self.package(name) for name in sorted({build["name"] for build in self.mine() if not build["nameless"]})])

    # The results.

    def results(self, path):
        found = re.fullmatch(r"/results/[^/]+/[^/]+/([^/]+)/0*(\d+)-[^/]+/([^/]*)", path)
        if not found:
            return
        chroot, number, name = found.groups()
        files = {file.name: file for file in self.farm.results(f"{number}-{chroot}") or []}
        if "build.log" in files:
            files["builder-live.log.gz"] = files.pop("build.log")
        if name in files:
            self.file(files[name], gzip.compress(files[name].read_bytes(), mtime=0) if name.endswith(".log.gz") else None)
        elif not name and files:
            pulp = self.farm.scenario().get("storage") == "pulp"
            listed = [name for name in files if not (pulp and name.endswith(".rpm"))]
            rows = "".join(f'<tr><td><a href="{html.escape(name)}">{html.escape(name)}</a></td><td>{LISTED}</td></tr>' for name in listed)
            self.text(200, f'<html><body><table><tr><td><a href="../">..</a></td></tr>{rows}</table></body></html>', "text/html")


def multipart(kind, body):
    """The parts of a form: name to (file name, bytes)."""
    boundary = b"--" + re.search(r"boundary=\"?([^\";]+)", kind).group(1).encode()
    parts = {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part[2:-2].partition(b"\r\n\r\n")  # without the line ends around it
        disposition = dict(re.findall(r'(\w+)="([^"]*)"', head.decode(errors="replace")))
        parts[disposition["name"]] = (disposition.get("filename", ""), content)
    return parts


if __name__ == "__main__":
    farm.serve(Copr, "A double of Copr, for tests.")
