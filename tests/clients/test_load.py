#!/usr/bin/env python3
"""Ten seconds of tests/clients/load.py over the scripted target beside 2,000 idle connections, then as long with a model.
SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEARTH = pathlib.Path(os.environ.get("HEARTH", HERE.parent.parent / "build/hearth")).resolve()
if not (HEARTH.parent / "test_server").exists():
    print("SKIPPED: test_server is not built")
    sys.exit(77)
LOAD = [sys.executable, HERE / "load.py", "--seconds", "10", "--hearth", HEARTH]
sys.exit(subprocess.run([*LOAD, "--scripted", "--streams", "32", "--idle", "2000"]).returncode
         or subprocess.run([*LOAD, "--streams", "16"]).returncode)
