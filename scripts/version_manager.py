#!/usr/bin/env python3
"""The call of the release documentation, `scripts/version_manager.py . version`, handed over to `cargo xtask`."""
import os, sys

if len(sys.argv) < 3:
    sys.exit("usage: version_manager.py REPOSITORY version|changelog [OPTION...]")
project, command = os.path.abspath(sys.argv[1]), sys.argv[2:]
os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # where cargo finds the alias
os.execvp("cargo", ["cargo", "xtask", "--project", project, *command])
