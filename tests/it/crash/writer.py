"""A writer like those that the crash tests are for: aside, synced, one rename of a link, then the event.

`writer.py` publishes `input` as the next revision behind `root/stable` and logs it in `state/log.jsonl`. A word on the
command line gives it a fault of which a crash test has to speak.
"""
import os, sys

FAULT = sys.argv[1] if len(sys.argv) > 1 else ""
at = "root"


def do(call, *arguments):
    """One system call; what fails names its path."""
    global at
    at = next(path for path in arguments if path.startswith(("root", "state")))
    return call(*arguments)


def write(path, text, flags=os.O_TRUNC):
    file = do(os.open, path, os.O_CREAT | os.O_WRONLY | flags, 0o644)
    os.write(file, text)
    if FAULT != "unsynced-file":
        os.fsync(file)
    os.close(file)


def sync(folder):
    if FAULT != "unsynced-folder":
        file = do(os.open, folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(file)
        os.close(file)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def clear(folder):
    for name in sorted(os.listdir(folder)):
        if name.startswith(".releng-"):
            if FAULT == "refuses":
                sys.exit(f"another run left `{folder}/{name}`")
            path = f"{folder}/{name}"
            if os.path.isdir(path) and not os.path.islink(path):
                for inner in sorted(os.listdir(path)):
                    do(os.unlink, f"{path}/{inner}")
                do(os.rmdir, path)
            else:
                do(os.unlink, path)


def flip(number):
    aside = "root/revisions/.releng-new"
    if not os.path.isdir(f"root/revisions/{number}"):
        do(os.mkdir, aside)
        write(f"{aside}/content", content)
        sync(aside)
        do(os.rename, aside, f"root/revisions/{number}")
        sync("root/revisions")
    if FAULT == "gap":
        do(os.unlink, "root/stable")
        do(os.symlink, f"revisions/{number}", "root/stable")
    else:
        do(os.symlink, f"revisions/{number}", "root/.releng-link")
        do(os.rename, "root/.releng-link", "root/stable")
    sync("root")


def publish():
    if FAULT != "litter":
        clear("root/revisions")
        clear("root")
    elif os.path.lexists("root/revisions/.releng-new"):
        do(os.rename, "root/revisions/.releng-new", f"root/revisions/.releng-{os.getpid()}")
    elif os.path.lexists("root/.releng-link"):
        do(os.rename, "root/.releng-link", f"root/.releng-{os.getpid()}")
    if FAULT == "in-place":
        write("root/stable/content", content[:1])
        write("root/stable/content", content[1:], os.O_APPEND)
    elif read("root/stable/content") != content:
        flip("2")
    elif FAULT == "forgets":
        return
    if FAULT == "helper":
        os.system("echo from a child >root/child")
    event = b'{"time":"2026-01-02T03:04:05Z","revision":2}\n'
    if event not in read("state/log.jsonl"):
        write("state/log.jsonl", event, os.O_APPEND)
        sync("state")


content = read("input")
try:
    publish()
except OSError as error:
    if FAULT != "silent":
        where = "something" if FAULT == "nameless" else f"`{at}`"
        sys.exit(f"cannot write {where}: {error.strerror}")
