#!/usr/bin/env python3
# `hearth serve` as a service manager runs it: sockets handed over, and what it says on NOTIFY_SOCKET.
# SPDX-License-Identifier: Apache-2.0
#
#   test_service.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# The manager is this file: it binds, passes descriptors from 3 on and reads datagrams, as sd_listen_fds(3)
# and sd_notify(3) tell. The last line is "N passed, N failed, N skipped".
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
MODEL = os.path.join(ROOT, "models/ember")
TIMEOUT_S = 60

# Sets LISTEN_PID to its own pid and moves the descriptors to 3, as a manager does between fork and exec.
LAUNCH = """
import os, sys
fds = [int(f) for f in sys.argv[1].split(",") if f]
high = [os.dup2(f, 100 + i) for i, f in enumerate(fds)]
for i, f in enumerate(high):
    os.dup2(f, 3 + i)
if fds:
    os.environ["LISTEN_FDS"] = str(len(fds))
    os.environ["LISTEN_PID"] = str(os.getpid() + int(sys.argv[2]))
os.environ["WATCHDOG_PID"] = str(os.getpid())
os.closerange(3 + len(fds), 200)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Manager:
    def __init__(self, folder, abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = "\0hearth-test-%d" % os.getpid() if abstract else os.path.join(folder, "notify")
        self.socket.bind(path)
        self.name = path.replace("\0", "@")
        self.socket.settimeout(TIMEOUT_S)
        self.seen = []
        self.folder = folder

    def start(self, *arguments, sockets=(), pid_off=0, env=None):
        fds = ",".join(str(s.fileno()) for s in sockets)
        e = dict(os.environ, NOTIFY_SOCKET=self.name, HEARTH_HOME=os.path.join(self.folder, "home"), **(env or {}))
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, fds, str(pid_off), PROGRAM, "serve", *arguments], env=e,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            pass_fds=[s.fileno() for s in sockets])
        return self.process

    def wait_for(self, word, limit=TIMEOUT_S):
        """Reads messages until a line begins with `word`; gives that message's lines."""
        end = time.monotonic() + limit
        while True:
            self.socket.settimeout(0.5)
            ended = self.process.poll() is not None
            try:
                lines = self.socket.recv(4096).decode().split("\n")
            except TimeoutError:
                if ended or time.monotonic() > end:
                    how = f"it ended with {self.process.returncode}" if ended else f"within {limit} s"
                    raise AssertionError(f"no {word}: {how}; seen: {self.seen}") from None
                continue
            self.seen.append(lines)
            if any(line.startswith(word) for line in lines):
                return lines

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode, out, err

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        self.socket.close()


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def status_of(connection, path="/health"):
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def tcp_listener():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(16)
    return s


def unix_listener(path):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(16)
    return s


def case_order_of_messages(folder):
    m = Manager(folder)
    m.start(MODEL, "--listen", f"unix:{folder}/s")
    try:
        ready = m.wait_for("READY=1")
        assert any(line.startswith("EXTEND_TIMEOUT_USEC=") for lines in m.seen[:-1] for line in lines), m.seen
        assert not any("READY=1" in lines for lines in m.seen[:-1]), m.seen
        assert any(line == "STATUS=serving" for line in ready), ready
        assert status_of(Unix(f"{folder}/s")) == 200
        rc, _, err = m.stop()
        m.wait_for("STOPPING=1")
        assert rc == 0, (rc, err)
        assert not os.path.exists(f"{folder}/s"), "its own socket stays behind"
    finally:
        m.close()


def case_abstract_notify_socket(folder):
    m = Manager(folder, abstract=True)
    m.start(MODEL, "--listen", f"unix:{folder}/s")
    try:
        m.wait_for("READY=1")
        assert m.stop()[0] == 0
    finally:
        m.close()


def case_reload_is_announced(folder):
    config = os.path.join(folder, "hearth.yaml")
    with open(config, "w") as f:
        f.write(f"models:\n  ember:\n    path: {MODEL}\n    preload: true\n")
    m = Manager(folder)
    m.start("--config", config, "--listen", f"unix:{folder}/s")
    try:
        m.wait_for("READY=1")
        m.process.send_signal(signal.SIGHUP)
        begun = m.wait_for("RELOADING=1")
        stamp = next(int(line.split("=")[1]) for line in begun if line.startswith("MONOTONIC_USEC="))
        assert abs(stamp / 1e6 - time.monotonic()) < TIMEOUT_S, stamp
        assert "STATUS=serving" in m.wait_for("READY=1")
        with open(config, "a") as f:
            f.write("nonsense: 1\n")
        m.process.send_signal(signal.SIGHUP)
        m.wait_for("RELOADING=1")
        assert any("refused" in line for line in m.wait_for("READY=1"))
        assert status_of(Unix(f"{folder}/s")) == 200
        assert m.stop()[0] == 0
    finally:
        m.close()


def case_watchdog(folder):
    m = Manager(folder)
    m.start(MODEL, "--listen", f"unix:{folder}/s", env={"WATCHDOG_USEC": "1000000"})
    try:
        m.wait_for("READY=1")
        stamps = []
        for _ in range(3):
            m.wait_for("WATCHDOG=1", 5)
            stamps.append(time.monotonic())
        gaps = [b - a for a, b in zip(stamps, stamps[1:])]
        assert max(gaps) < 1.0, gaps
        assert m.stop()[0] == 0
    finally:
        m.close()


def case_no_watchdog_unasked(folder):
    m = Manager(folder)
    m.start(MODEL, "--listen", f"unix:{folder}/s")
    try:
        m.wait_for("READY=1")
        time.sleep(0.6)
        assert m.stop()[0] == 0
        m.wait_for("STOPPING=1")
        assert not any("WATCHDOG=1" in lines for lines in m.seen), m.seen
    finally:
        m.close()


def case_two_descriptors(folder):
    path = os.path.join(folder, "handed")
    tcp, local = tcp_listener(), unix_listener(path)
    port = tcp.getsockname()[1]
    m = Manager(folder)
    m.start(MODEL, sockets=(tcp, local))
    try:
        m.wait_for("READY=1")
        assert status_of(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) == 200
        assert status_of(Unix(path)) == 200
        rc, out, err = m.stop()
        assert rc == 0, err
        assert f"http://127.0.0.1:{port}\n" in out and f"unix:{path}\n" in out, out
        assert "8080" not in out, "the default address was opened besides"
        assert os.path.exists(path), "the manager's socket was removed: nobody could activate it again"
    finally:
        m.close()
        tcp.close()
        local.close()


def case_activation_again(folder):
    """The manager keeps the sockets; a connection made while nobody runs is answered by the next one."""
    path = os.path.join(folder, "handed")
    local = unix_listener(path)
    m = Manager(folder)
    try:
        for _ in range(2):
            waiting = Unix(path)
            waiting.request("GET", "/health")
            m.start(MODEL, sockets=(local,))
            assert waiting.getresponse().status in (200, 503)  # 503: the model is still loading
            waiting.close()
            m.wait_for("READY=1")
            assert m.stop()[0] == 0
    finally:
        m.close()
        local.close()


def case_descriptors_of_another_process(folder):
    tcp = tcp_listener()
    m = Manager(folder)
    m.start(MODEL, "--listen", f"unix:{folder}/s", sockets=(tcp,), pid_off=1)
    try:
        m.wait_for("READY=1")
        rc, out, _ = m.stop()
        assert rc == 0 and out == f"hearth serves on unix:{folder}/s\n", out
    finally:
        m.close()
        tcp.close()


def case_descriptor_that_does_not_listen(folder):
    plain = socket.socket()
    m = Manager(folder)
    m.start(MODEL, sockets=(plain,))
    try:
        out, err = m.process.communicate(timeout=TIMEOUT_S)
        assert m.process.returncode == 2, (out, err)
        assert "descriptor 3 is no listening stream socket" in err, err
    finally:
        m.close()
        plain.close()


def case_failure_is_no_ready(folder):
    m = Manager(folder)
    m.start(os.path.join(folder, "nothing"), "--listen", f"unix:{folder}/s")
    try:
        m.process.communicate(timeout=TIMEOUT_S)
        assert m.process.returncode == 3, m.process.returncode
        m.socket.setblocking(False)
        said = []
        try:
            while True:
                said.append(m.socket.recv(4096))
        except BlockingIOError:
            pass
        assert not any(b"READY=1" in s for s in said), said
    finally:
        m.close()


def first_status(m, path):
    """Of a server that tells nobody when it is there: its socket has a name before it listens."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return status_of(Unix(path))
        except (FileNotFoundError, ConnectionRefusedError):
            assert time.monotonic() < end and m.process.poll() is None
            time.sleep(0.02)


def case_bad_notify_socket(folder):
    for name in ("", "relative", "/" + "x" * 200, "/nowhere/at/all"):
        m = Manager(os.path.join(folder), abstract=True)
        m.name = name
        m.start(MODEL, "--listen", f"unix:{folder}/s")
        try:
            assert first_status(m, f"{folder}/s") in (200, 503)
            assert m.stop()[0] == 0
        finally:
            m.close()


def main():
    passed = failed = 0
    for name, run in sorted(globals().items()):
        if not name.startswith("case_"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                run(folder)
                passed += 1
            except Exception as e:  # one case must not hide the others
                failed += 1
                print(f"FAILED {name[5:]}: {type(e).__name__}: {e}")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
