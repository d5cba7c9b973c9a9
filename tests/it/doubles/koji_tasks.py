"""What the double of Koji knows of its tasks and builds: all of it follows from their jobs (farm.py) and from the little that
was decided for good, in DIR/tasks/ID.json: that a task was canceled, or that its name, version and release were taken."""

import subprocess
import time
import xmlrpc.client
import zlib
from pathlib import Path

import farm

FREE, OPEN, CLOSED, CANCELED, ASSIGNED, FAILED = range(6)
BUILDING, COMPLETE, DELETED, BUILD_FAILED, BUILD_CANCELED = range(5)
TASK = {"pending": FREE, "running": OPEN, "succeeded": CLOSED, "failed": FAILED, "canceled": CANCELED}
BUILD = {FREE: BUILDING, OPEN: BUILDING, CLOSED: COMPLETE, FAILED: BUILD_FAILED, CANCELED: BUILD_CANCELED}
USERS = {1: "releng", 2: "guest"}
GENERIC, AUTH, NOT_ALLOWED, BUILD_ERROR, EXPIRED, RETRY = 1000, 1002, 1004, 1005, 1007, 1009


def number_of(name):
    """Packages and tags are only names here, and the hub's are numbers: one is made of the other."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def archs(srpm, tag):
    command = ["rpm", "-qp", "--nosignature", "--qf", f"[%{{{tag}}} ]", str(srpm)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


class Tasks:
    def __init__(self, farm_):
        self.farm = farm_

    def settle(self, task, **facts):
        """What is decided of a task stays so."""
        file = self.farm.state / "tasks" / f"{task['id']}.json"
        with self.farm.lock:
            task.update(farm.read(file), **facts)
            farm.write(file, task)

    def stop(self, task):
        for part in task["children"]:
            self.farm.cancel(f"{task['id']}-{part}")

    def tasks(self):
        files = self.farm.state.glob("tasks/*.json")
        return [farm.read(file) for file in sorted(files, key=lambda file: int(file.stem))]

    def task(self, number):
        """The task `build` of that number, or that has the child of that number."""
        for task in self.tasks():
            if number == task["id"] or number in task["children"].values():
                return task
        raise xmlrpc.client.Fault(GENERIC, f"No such task: {number}")

    def jobs(self, task, only=None):
        """The jobs of its architectures, or of its SRPM."""
        parts = [part for part in task["children"] if part != "tag" and (part == "srpm") == (only == "srpm")]
        return {part: self.farm.job(f"{task['id']}-{part}") for part in parts}

    def nvr(self, task):
        """Name, version, release, once the SRPM is there."""
        if "srpm" not in task["children"]:
            return farm.nevra(Path(task["srpm"]))
        if self.jobs(task, "srpm")["srpm"]["state"] != "succeeded":
            return None
        return farm.nevra(next((self.farm.state / "jobs" / f"{task['id']}-srpm" / "results").glob("*.src.rpm")))

    def whole(self, task):
        """State, started, ended, fault of the task `build`."""
        srpm, arches = self.jobs(task, "srpm"), self.jobs(task)
        jobs = [*srpm.values(), *arches.values()]
        started = min((job["started"] for job in jobs if job["started"]), default=None)
        if task.get("canceled"):
            return CANCELED, started, task["canceled"], None
        if task["build"] and "duplicate" not in task and self.nvr(task):
            self.settle(task, duplicate=self.same(task), decided=time.time())
            if task["duplicate"]:
                self.stop(task)
        if task.get("duplicate"):
            return FAILED, started, task["decided"], (GENERIC, task["duplicate"])
        failed = [job for job in jobs if job["state"] == "failed"]
        if failed:
            self.stop(task)
            where = failed[0]["target"].split("/")[1]
            text = f"error building package (arch {where}), mock exited with status 1; see build.log or root.log for more information"
            return FAILED, started, failed[0]["ended"], (BUILD_ERROR, text)
        if any(job["state"] == "canceled" for job in jobs):
            return CANCELED, started, max(job["ended"] for job in jobs if job["ended"]), None
        if all(job["state"] == "succeeded" for job in jobs):
            return CLOSED, started, max(job["ended"] for job in jobs), None
        return OPEN if started else FREE, started, None, None

    def same(self, task):
        """Whether its name, version and release are taken."""
        mine = self.nvr(task)
        for other in self.tasks():
            if other["id"] < task["id"] and other["build"] and self.nvr(other) == mine and not other.get("duplicate"):
                state = BUILD[self.whole(other)[0]]
                if state in (BUILDING, COMPLETE):
                    return f"Build already exists (id={other['build']}, state={['BUILDING', 'COMPLETE'][state]}): {mine!r}"
        return None

    def described(self, task, number, request=True):
        state, started, ended, _ = self.whole(task)
        method, arch, arguments = "build", "noarch", task["request"]
        part = next((part for part, child in task["children"].items() if child == number), None)
        if part == "srpm":
            method, arguments = "rebuildSRPM", [task["request"][0], number_of(task["target"]), {}]
        elif part == "tag":
            method, arguments, state = "tagBuild", [number_of(task["target"]), task["build"]], CLOSED if state == CLOSED else FREE
        elif part:
            method, arch, arguments = "buildArch", part, [task["request"][0], number_of(task["target"]), part, True, {}]
        if part and part != "tag":
            job = self.farm.job(f"{task['id']}-{part}")
            state, started, ended = TASK.get(job["state"], FAILED), job["started"], job["ended"]
        stamp = {"create": task["created"], "start": started, "completion": ended if state not in (FREE, OPEN) else None}
        info = {"id": number, "method": method, "arch": arch, "state": state, "parent": task["id"] if part else None, "label": part,
                "owner": next(key for key, name in USERS.items() if name == task["user"]), "owner_name": task["user"], "owner_type": 0,
                "host_id": None if state == FREE else 1 + number % 3, "channel_id": 1, "priority": task["priority"], "weight": 1.0,
                "waiting": None, "awaited": None}
        for key, seconds in stamp.items():
            info[f"{key}_ts"] = seconds
            info[f"{key}_time"] = seconds and time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))
        return dict(info, request=arguments) if request else info

    def builds(self):
        for task in self.tasks():
            nvr = self.nvr(task) if task["build"] else None
            state, _, ended, _ = self.whole(task)
            if nvr and not task.get("duplicate"):
                label = f"{nvr['name']}-{nvr['version']}-{nvr['release']}"
                stamp = ended and time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(ended))
                yield {**nvr, "id": task["build"], "build_id": task["build"], "nvr": label, "task_id": task["id"], "state": BUILD[state],
                       "package_name": nvr["name"], "package_id": number_of(nvr["name"]), "owner_name": task["user"],
                       "owner_id": next(key for key, name in USERS.items() if name == task["user"]),
                       "volume_name": "DEFAULT", "volume_id": 0,
                       "creation_ts": task["created"], "start_ts": task["created"], "completion_ts": ended, "completion_time": stamp,
                       "source": None, "draft": False, "cg_name": None,
                       "extra": {"custom_user_metadata": task["opts"].get("custom_user_metadata")}}

    def rpms(self, build):
        """The RPMs of a complete build; the first copy of those that several architectures built."""
        task, found = self.task(build["task_id"]), {}
        for part in self.jobs(task):
            for file in sorted((self.farm.state / "jobs" / f"{task['id']}-{part}" / "results").glob("*.rpm")):
                found.setdefault(file.name, (part, file))
        return found
