#!/usr/bin/env python3
# The server's page in a browser: load, chat, stop, tools, errors, languages, a key.
# SPDX-License-Identifier: Apache-2.0
#
#   test_page.py [PROGRAM [PICTURES]]      PROGRAM: HEARTH, or build/hearth; PICTURES: a folder for screenshots
#
# Needs Chromium and PyPI's playwright; skipped without. The last line is "N passed, N failed, N skipped".
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HEARTH", "build/hearth"))
PICTURES = sys.argv[2] if len(sys.argv) > 2 else None
EMBER = os.path.join(ROOT, "models/ember")
CHROMIUM = shutil.which("chromium")
TIMEOUT_MS = 60000
# Never ends by itself, so that there is something to stop.
ENDLESS = {"max_tokens": 400}


def skip(why):
    print(f"SKIPPED: {why}\n0 passed, 0 failed, 1 skipped")
    sys.exit(0)


try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    skip("the page needs PyPI's playwright to be tested")
if not CHROMIUM:
    skip("the page needs Debian's chromium to be tested")


class Server:
    def __init__(self, home, *options):
        self.log = open(os.path.join(home, "server.txt"), "w+")
        self.process = subprocess.Popen([PROGRAM, "serve", EMBER, "--listen", "127.0.0.1:0", *options],
                                        stdout=self.log, stderr=self.log, env=dict(os.environ, HEARTH_HOME=home))
        self.url = None
        for _ in range(600):
            self.log.seek(0)
            found = re.search(r"serves on (http://\S+)", self.log.read())
            if found:
                self.url = found.group(1)
                return
            time.sleep(0.1)
        raise AssertionError("the server said no address")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


def ask(page, text):
    page.fill("textarea[name=message]", text)
    page.keyboard.press("Enter")


def answered(page, count):
    expect(page.locator(".answer[aria-busy=false]")).to_have_count(count, timeout=TIMEOUT_MS)


def picture(page, name):
    if PICTURES:
        page.screenshot(path=os.path.join(PICTURES, f"{name}.png"))


def test_load_and_chat(page, url):
    page.goto(url)
    expect(page.locator("h1")).to_have_text("Your models, in your own room.")
    expect(page.locator("select[name=model]")).to_have_value("ember")
    picture(page, "empty")
    ask(page, "hello")
    answered(page, 1)
    assert page.locator(".answer .text").inner_text().strip()
    assert re.search(r"\d+ tokens, [\d.]+/s; prompt \d+, \d+ from the cache", page.locator(".foot").inner_text())
    ask(page, "thanks")
    answered(page, 2)
    picture(page, "chat")
    page.reload()
    page.click(".chats li button >> nth=0")
    answered(page, 2)
    expect(page.locator(".user .plain >> nth=0")).to_have_text("hello")


def test_again_and_edit(page, url):
    page.goto(url)
    ask(page, "hello")
    answered(page, 1)
    page.click("text=Answer again")
    answered(page, 1)
    page.click("text=Edit")
    expect(page.locator("textarea[name=message]")).to_have_value("hello")
    expect(page.locator(".answer")).to_have_count(0)


def test_stop(page, url):
    """A slow answer: the page's own fetch is what stops it."""
    page.route("**/v1/chat/completions", lambda route: route.continue_(
        post_data=json.dumps({**route.request.post_data_json, "logit_bias": {"0": -100, "1": -100, "2": -100}, **ENDLESS})))
    page.goto(url)
    ask(page, "hello")
    page.wait_for_selector(".answer .text", timeout=TIMEOUT_MS)
    page.keyboard.press("Escape")
    answered(page, 1)
    expect(page.locator(".composer button")).to_have_text("Send")


def test_error(page, url):
    page.goto(url)
    ask(page, "word " * 6000)
    expect(page.locator(".error")).to_contain_text("tokens", timeout=TIMEOUT_MS)
    picture(page, "error")
    ask(page, "hello")
    page.wait_for_selector(".error, .answer", timeout=TIMEOUT_MS)


def test_language_and_theme(page, url):
    page.goto(url)
    page.click("button[name=language]")
    expect(page.locator(".composer button")).to_have_text("发送")
    assert page.get_attribute("html", "lang") == "zh"
    page.click("button[name=settings]")
    page.select_option("select[name=theme]", "dark")
    assert page.get_attribute("html", "data-theme") == "dark"
    page.wait_for_selector(".chart canvas", timeout=TIMEOUT_MS)
    picture(page, "zh-dark")
    page.reload()
    expect(page.locator(".composer button")).to_have_text("发送")
    assert page.get_attribute("html", "data-theme") == "dark"


def test_settings_reach_the_server(page, url):
    sent = []
    page.on("request", lambda r: sent.append(r.post_data_json) if r.url.endswith("/v1/chat/completions") else None)
    page.goto(url)
    page.keyboard.press("Alt+s")
    page.fill("textarea[name=system]", "Be brief.")
    page.fill("input[name=temperature]", "0")
    page.fill("input[name=max_tokens]", "5")
    page.fill("textarea[name=tools]", "not json")
    expect(page.locator(".panel .warn")).to_be_visible()
    page.fill("textarea[name=tools]", "")
    ask(page, "hello")
    answered(page, 1)
    body = sent[0]
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}], body
    assert body["temperature"] == 0 and body["max_tokens"] == 5 and "tools" not in body, body
    expect(page.locator(".foot")).to_contain_text("cut")


def reply(*deltas):
    """A recorded stream, for what a small model cannot be made to say."""
    chunks = [{"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": d, "finish_reason": None}]}
              for d in deltas]
    text = "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n"
    return lambda route: route.fulfill(status=200, content_type="text/event-stream", body=text)


def test_thinking_and_tools(page, url):
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    page.route("**/v1/chat/completions", reply(
        {"role": "assistant", "content": ""}, {"reasoning_content": "Hm. "}, {"reasoning_content": "Weather."},
        {"tool_calls": [call]}, {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":"Paris"}'}}]}))
    page.goto(url)
    ask(page, "weather?")
    answered(page, 1)
    expect(page.locator(".thinking summary")).to_contain_text("Thought for")
    assert not page.locator(".thinking .plain").is_visible()
    page.click(".thinking summary")
    expect(page.locator(".thinking .plain")).to_have_text("Hm. Weather.")
    expect(page.locator(".call summary")).to_have_text("Calls get_weather")
    sent = []
    page.unroute("**/v1/chat/completions")
    page.on("request", lambda r: sent.append(r.post_data_json) if r.url.endswith("/v1/chat/completions") else None)
    page.route("**/v1/chat/completions", reply({"role": "assistant", "content": "It is **clear**.\nTake a hat."}))
    page.fill(".results textarea", '{"sky":"clear"}')
    picture(page, "tools")
    page.click(".results button")
    answered(page, 2)
    assert [m["role"] for m in sent[0]["messages"]] == ["user", "assistant", "tool"], sent[0]
    assert sent[0]["messages"][2]["tool_call_id"] == "call_1" and sent[0]["messages"][1]["reasoning_content"], sent[0]
    expect(page.locator(".text strong")).to_have_text("clear")
    expect(page.locator(".text br")).to_have_count(1)


def test_hostile_markdown(page, url):
    calls = []
    page.on("request", lambda r: calls.append(r.url))
    page.route("**/v1/chat/completions", reply({"role": "assistant", "content":
        "<script>document.title='owned'</script> <img src=http://127.0.0.1:9/x onerror=\"document.title='owned'\">\n\n"
        "![pixel](http://127.0.0.1:9/y) [a](javascript:document.title='owned') <b onclick=\"document.title='owned'\">b</b>\n\n"
        "<style>*{display:none}</style><form action=/x><input name=y></form>\n\n[fine](https://example.org)"}))
    page.goto(url)
    ask(page, "hello")
    answered(page, 1)
    text = page.locator(".answer .text")
    assert page.title() == "Hearth"
    assert text.locator("script, img, style, form, iframe, [onclick], [onerror], [style]").count() == 0
    assert text.locator("a").evaluate_all("all => all.every(a => /^https?:/.test(a.getAttribute('href') ?? 'http:'))")
    assert text.locator("text=fine").get_attribute("rel") == "noopener noreferrer"
    assert not [u for u in calls if ":9/" in u], calls


def test_key(page, url):
    """With --require-key: the page asks, and goes on when it has one."""
    page.goto(url)
    expect(page.locator(".key-form")).to_be_visible(timeout=TIMEOUT_MS)
    page.fill("input[name=key]", test_key.key)
    page.click(".key-form button")
    expect(page.locator("select[name=model]")).to_have_value("ember")
    ask(page, "hello")
    answered(page, 1)


def make_key(home):
    done = subprocess.run([PROGRAM, "keys", "add", "page", "--json"], env=dict(os.environ, HEARTH_HOME=home),
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["key"]


def run_case(browser, name, case, url):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    errors = []
    page.on("pageerror", lambda e: errors.append(str(e)))
    try:
        case(page, url)
        assert not errors, errors
        return True
    except Exception as e:  # whatever a browser can do wrong is this case's failure, and the others still run
        print(f"FAILED {name}: {type(e).__name__}: {e}")
        return False
    finally:
        context.close()


def main():
    cases = {n: c for n, c in globals().items() if n.startswith("test_")}
    results = []
    with tempfile.TemporaryDirectory() as home, sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        test_key.key = make_key(home)
        for options, names in (((), [n for n in cases if n != "test_key"]), (("--require-key",), ["test_key"])):
            server = Server(home, *options)
            results += [run_case(browser, n, cases[n], server.url) for n in names]
            server.stop()
        browser.close()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
