#!/usr/bin/env python3
"""Eight seconds of tests/clients/load.py, over the scripted target.
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
sys.exit(subprocess.run([sys.executable, HERE / "load.py", "--scripted", "--seconds", "8", "--streams", "32",
                         "--hearth", HEARTH]).returncode)
