#!/usr/bin/env python3
# What is installed besides the program: man pages, completions, units, the Debian package.
# SPDX-License-Identifier: Apache-2.0
#
#   test_package.py [PROGRAM]      PROGRAM: HEARTH, or build/hearth
#
# Checkers from outside (mandoc, bash, zsh, fish, systemd-analyze, lintian, dpkg-deb) are used where they
# are installed, and their cases skipped where not. The last line is "N passed, N failed, N skipped".
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
BUILD = os.path.dirname(PROGRAM)
PACKAGING = os.path.join(ROOT, "packaging")
TIMEOUT_S = 120


class Skipped(Exception):
    pass


def need(tool):
    path = shutil.which(tool)
    if not path:
        raise Skipped(f"{tool} is not installed")
    return path


def run(*command, **more):
    return subprocess.run(command, text=True, capture_output=True, timeout=TIMEOUT_S, **more)


def listed(text):
    part = text.split("Commands:\n")[1].split("\n\n")[0] if "Commands:\n" in text else ""
    return re.findall(r"^  ((?:[\w-]+ )?[\w-]+)  ", part, re.M)


def groups():
    return {c for c in listed(run(PROGRAM, "help").stdout) if listed(run(PROGRAM, "help", c).stdout)}


def commands():
    """Every command that --help lists, from the program itself."""
    found = listed(run(PROGRAM, "help").stdout)
    return found + [c for g in sorted(groups()) for c in listed(run(PROGRAM, "help", g).stdout)]


def options(command):
    text = run(PROGRAM, *command.split(), "--help").stdout
    return re.findall(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?", text, re.M)


def page_path(folder, command):
    return os.path.join(folder, "man1", "-".join(["hearth"] + command.split()) + ".1")


# ---- man pages ----

def case_every_command_has_a_page(folder):
    pages = {os.path.basename(p) for p in glob.glob(folder + "/man1/*")}
    wanted = {"hearth.1"} | {os.path.basename(page_path(folder, c)) for c in commands()}
    assert len(wanted) > 20 and {"keys", "debug"} <= groups() and pages == wanted, pages ^ wanted


def case_pages_tell_every_option(folder):
    for command in set(commands()) - groups():
        page = open(page_path(folder, command)).read()
        given = options(command)
        assert given, command
        for letter, name, _ in given:
            line = f"Fl \\-{name}".replace("-", "\\-").replace("\\\\-", "\\-")
            assert re.search(re.escape(line) + r"(\s|$)", page), (command, name)
            assert not letter or f".It Fl {letter} ," in page, (command, letter)


def case_pages_tell_every_exit_code(folder):
    page = open(folder + "/man1/hearth.1").read()
    codes = re.findall(r"^\.It (\d+)$", page, re.M)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "130"], codes


def case_mandoc_has_nothing_to_say(folder):
    r = run(need("mandoc"), "-Tlint", "-W", "warning", *sorted(glob.glob(folder + "/man1/*.1")))
    complaints = [l for l in r.stdout.splitlines() if " STYLE: " not in l]
    assert not complaints, complaints[:5]


def case_pages_render(folder):
    text = run(need("mandoc"), "-Tutf8", "-Owidth=100", page_path(folder, "run")).stdout
    text = re.sub(".\b", "", text)
    assert "-n, --max-tokens N" in text, text[:2000]
    assert re.search(r"hearth run \[OPTIONS\] MODEL \[?PROMPT", text), text[:600]


def case_pages_are_the_same_each_time(folder):
    with tempfile.TemporaryDirectory() as other:
        assert run(PROGRAM, "manual", other).returncode == 0
        for path in glob.glob(folder + "/**", recursive=True):
            if os.path.isfile(path):
                there = os.path.join(other, os.path.relpath(path, folder))
                assert open(path, "rb").read() == open(there, "rb").read(), path


def case_manual_into_nowhere(folder):
    r = run(PROGRAM, "manual", folder + "/none")
    assert r.returncode == 3 and "is no folder" in r.stderr, r


# ---- completions ----

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_hearth
printf '%s\\n' "${COMPREPLY[@]}"
"""


def complete(folder, *words):
    r = run(need("bash"), "--norc", "-c", BASH, "bash", folder + "/hearth.bash", "hearth", *words, cwd=folder)
    assert r.returncode == 0 and not r.stderr, r
    return r.stdout.split()


def case_bash_parses(folder):
    assert run(need("bash"), "-n", folder + "/hearth.bash").returncode == 0


def case_bash_completes_commands(folder):
    assert complete(folder, "ser") == ["serve"]
    top = {c for c in commands() if " " not in c}
    assert set(complete(folder, "")) == top
    assert set(complete(folder, "keys", "")) == {"add", "list", "revoke"}
    assert set(complete(folder, "help", "")) == top
    assert "worker" not in complete(folder, "") and "manual" not in complete(folder, "")


def case_bash_completes_options(folder):
    for command in set(commands()) - groups():
        want = {"--" + name for _, name, _ in options(command)}
        assert set(complete(folder, *command.split(), "--")) == want, command
    assert complete(folder, "run", "m", "--max") == ["--max-tokens"]


def case_bash_completes_values(folder):
    assert complete(folder, "run", "--backend", "") == ["ref", "cpu"]
    assert complete(folder, "run", "--backend", "c") == ["cpu"]
    assert complete(folder, "run", "--seed", "") == []
    assert "man1" in complete(folder, "run", "ma")
    assert "man1" in complete(folder, "serve", "--config", "ma")
    assert "man1" in complete(folder, "debug", "logits", "--ids", "ma")


def case_zsh_parses(folder):
    r = run(need("zsh"), "-n", folder + "/_hearth")
    assert r.returncode == 0, r.stderr
    assert open(folder + "/_hearth").readline() == "#compdef hearth\n"


def case_fish_parses_and_completes(folder):
    fish = need("fish")
    assert run(fish, "--no-execute", folder + "/hearth.fish").returncode == 0

    def complete_fish(line):
        env = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, XDG_DATA_HOME=folder)
        r = run(fish, "-N", "-c", f"source {folder}/hearth.fish; complete -C '{line}'", env=env, cwd=folder)
        assert not r.stderr, r.stderr[:500]
        return {l.split("\t")[0] for l in r.stdout.splitlines()}

    assert complete_fish("hearth ser") == {"serve"}
    assert complete_fish("hearth keys ") == {"add", "list", "revoke"}
    assert complete_fish("hearth run --max") == {"--max-tokens"}
    assert complete_fish("hearth run --backend ") == {"ref", "cpu"}
    assert complete_fish("hearth debug tokens --max") == set()
    assert complete_fish("hearth debug ") == {c.split()[1] for c in commands() if c.startswith("debug ")}


# ---- units ----

def units(folder):
    """The units as installed, but for the place of the program."""
    text = open(PACKAGING + "/hearth.service.in").read()
    text = text.replace("@BINDIR@/hearth", PROGRAM).replace("@CONFIG@", PACKAGING + "/hearth.yaml")
    assert "@" not in text.split("[Service]")[1].replace("@system-service", "").replace("@privileged", "") \
        .replace("@obsolete", ""), "something is not filled in"
    with open(folder + "/hearth.service", "w") as f:
        f.write(text)
    shutil.copy(PACKAGING + "/hearth.socket", folder)
    return folder + "/hearth.service", folder + "/hearth.socket"


def case_units_verify(folder):
    r = run(need("systemd-analyze"), "--man=no", "verify", *units(folder))
    assert r.returncode == 0, r.stderr
    complaints = [l for l in r.stderr.splitlines() if "hearth." in l]
    assert not complaints, complaints


def case_unit_is_closed(folder):
    service, _ = units(folder)
    r = run(need("systemd-analyze"), "--no-pager", "security", "--offline=true", "--threshold=10", service)
    if r.returncode != 0 and "nknown" in r.stderr:
        raise Skipped("this systemd-analyze cannot look at files")
    assert r.returncode == 0, (r.stdout[-500:], r.stderr)


def case_unit_says_what_the_server_needs(folder):
    """What a trial under systemd 252 showed: each was wrong once."""
    text = open(PACKAGING + "/hearth.service.in").read()
    for line in ("Type=notify", "KillMode=mixed", "PrivateNetwork=yes", "OOMPolicy=continue",
                 "Environment=HEARTH_HOME=/var/lib/hearth", "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'"):
        assert line + "\n" in text, line
    allowed = re.findall(r"^SystemCallFilter=(.*)$", text, re.M)
    assert any("landlock_restrict_self" in a and "capset" in a for a in allowed), allowed
    assert "IPAddressDeny" not in text  # it would also refuse what comes in through hearth.socket


def case_example_settings_are_settings(folder):
    """With every line that is commented out put in force, but for the model's path."""
    text = open(PACKAGING + "/hearth.yaml").read()
    used = re.sub(r"^#(?=[ a-z_]+:)", "", text, flags=re.M).replace("/srv/models/Qwen3-0.6B", folder + "/none")
    with open(folder + "/hearth.yaml", "w") as f:
        f.write(used)
    r = run(PROGRAM, "serve", "--config", folder + "/hearth.yaml", "--listen", f"unix:{folder}/s",
            env=dict(os.environ, HEARTH_HOME=folder))
    assert r.returncode == 3 and "none" in r.stderr and "hearth.yaml:" not in r.stderr, r


# ---- installing ----

INSTALLED = ["bin/hearth", "share/man/man1/hearth.1", "share/man/man1/hearth-keys-add.1",
             "share/bash-completion/completions/hearth.bash", "share/zsh/site-functions/_hearth",
             "share/fish/vendor_completions.d/hearth.fish", "lib/systemd/system/hearth.service",
             "lib/systemd/system/hearth.socket", "lib/sysusers.d/hearth.conf",
             "share/hearth/models/ember/model.safetensors", "share/doc/hearth/LICENSE.marked"]


def case_install(folder):
    meson = need("meson")
    if not os.path.isdir(BUILD + "/man1") or not os.path.exists(BUILD + "/build.ninja"):
        raise Skipped("the man pages are not built: ninja -C build man1")
    prefix = next(o["value"] for o in json.loads(
        run(meson, "introspect", "--buildoptions", BUILD).stdout) if o["name"] == "prefix")
    target = folder + "/root"
    command = [meson, "install", "-C", BUILD, "--no-rebuild", "--tags", "runtime", "--destdir", target]
    assert run(*command).returncode == 0
    for name in INSTALLED:
        assert os.path.isfile(target + prefix + "/" + name), name
    settings = glob.glob(target + "/**/hearth/hearth.yaml", recursive=True)
    assert len(settings) == 1, settings
    unit = open(target + prefix + "/lib/systemd/system/hearth.service").read()
    assert f"ExecStart={prefix}/bin/hearth serve --config {settings[0][len(target):]}\n" in unit, unit
    # A second time, an administrator's settings stay.
    with open(settings[0], "w") as f:
        f.write("require_key: true\n")
    assert run(*command).returncode == 0
    assert open(settings[0]).read() == "require_key: true\n"
    # The program finds the model in the box where it is now.
    r = run(target + prefix + "/bin/hearth", "serve", "--listen", f"unix:{folder}/none/s",
            env=dict(os.environ, HEARTH_HOME=folder))
    assert "cannot listen" in r.stderr, r.stderr


def case_deb(folder):
    need("dpkg-deb")
    build = os.path.join(ROOT, "build-deb")
    if not os.path.exists(build + "/hearth") or not os.path.isdir(build + "/man1"):
        raise Skipped("no package is built: make deb")
    r = run(os.path.join(ROOT, "tools/make_deb"), build, folder)
    assert r.returncode == 0, r.stderr
    package = r.stdout.split("\n")[-2]
    names = {l.split()[5][1:] for l in run("dpkg-deb", "-c", package).stdout.splitlines()}
    for name in ("/usr/bin/hearth", "/etc/hearth/hearth.yaml", "/usr/lib/systemd/system/hearth.service",
                 "/usr/lib/systemd/system/hearth.socket", "/usr/lib/sysusers.d/hearth.conf",
                 "/usr/share/man/man1/hearth-serve.1.gz", "/usr/share/bash-completion/completions/hearth",
                 "/usr/share/zsh/vendor-completions/_hearth", "/usr/share/doc/hearth/copyright",
                 "/usr/share/hearth/models/ember/model.safetensors"):
        assert name in names, name
    assert not any(n.startswith("/usr/local") for n in names), names
    owners = {l.split()[1] for l in run("dpkg-deb", "-c", package).stdout.splitlines()}
    assert owners == {"root/root"}, owners
    control = run("dpkg-deb", "-I", package).stdout
    assert "libmicrohttpd12" in control and "libseccomp2" in control and "conffiles" in control, control
    assert run("dpkg-deb", "-I", package, "conffiles").stdout == "/etc/hearth/hearth.yaml\n"
    if shutil.which("lintian"):
        r = run("lintian", package)
        assert not re.search("^[EW]:", r.stdout, re.M), r.stdout


def case_scripts_parse(folder):
    scripts = glob.glob(PACKAGING + "/deb/p*") + [PACKAGING + "/install_config", os.path.join(ROOT, "tools/make_deb")]
    assert len(scripts) == 5, scripts
    for script in scripts:
        assert os.access(script, os.X_OK), script
        assert run("sh", "-n", script).returncode == 0, script
        if shutil.which("shellcheck"):
            r = run("shellcheck", script)
            assert r.returncode == 0, r.stdout


def case_container_installs_what_setup_does(folder):
    """One list of packages to build with, in two places: they must not part."""
    wanted = re.search(r"^build='(.*)'$", open(ROOT + "/setup").read(), re.M).group(1).split()
    text = open(PACKAGING + "/Containerfile").read()
    first = re.search(r"FROM debian:12 AS build\nRUN .*?recommends (.*?)&&", text, re.S).group(1)
    assert first.replace("\\\n", " ").split() == wanted, wanted


def case_container_runs_with_what_it_installs(folder):
    """Each library that the program names comes from a package of the second list, on a Debian of today."""
    need("dpkg")
    text = open(PACKAGING + "/Containerfile").read()
    second = set(re.search(r"FROM debian:12-slim\nRUN .*?recommends (.*?)&&", text, re.S).group(1).replace("\\\n", " ").split())
    named = re.findall(r"NEEDED +(\S+)", run(need("objdump"), "-p", PROGRAM).stdout)
    paths = dict(re.findall(r"(\S+) => (\S+)", run(need("ldd"), PROGRAM).stdout))
    for library in named:
        if library.startswith(("libc.", "libm.", "ld-", "libasan", "libubsan", "libtsan")):
            continue
        # dpkg knows the file by the place it was packed for, before /lib became /usr/lib.
        owner = run("dpkg", "-S", "*/" + os.path.basename(os.path.realpath(paths[library]))).stdout.split(":")[0]
        assert owner in second, (library, owner, second)


def main():
    passed = failed = skipped = 0
    for name, case in sorted(globals().items()):
        if not name.startswith("case_"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                r = run(PROGRAM, "manual", folder)
                assert r.returncode == 0, r.stderr
                case(folder)
                passed += 1
            except Skipped as e:
                skipped += 1
                print(f"SKIPPED: {name[5:]}: {e}")
            except Exception as e:  # one case must not hide the others
                failed += 1
                print(f"FAILED {name[5:]}: {type(e).__name__}: {e}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
