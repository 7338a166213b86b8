// The page: chats on the left, messages in the middle, settings and load on the right.
// SPDX-License-Identifier: Apache-2.0
import { html, render, useEffect, useRef, useState } from "/ui/preact.js";
import { end, message, newAnswer, openCalls, take } from "/ui/answer.js";
import { ApiError, chat, key, models } from "/ui/client.js";
import { Messages } from "/ui/messages.js";
import { Panel, readTools } from "/ui/panel.js";
import { settings, store } from "/ui/store.js";
import { firstLanguage, sayIn } from "/ui/words.js";

function newChat() {
    return { id: crypto.randomUUID(), title: "", messages: [], changed: Date.now() };
}

function requestOf(model, messages, options) {
    const request = { model, messages: messages.map(message) };
    if (options.system) request.messages.unshift({ role: "system", content: options.system });
    for (const name of ["temperature", "top_p", "max_tokens", "seed"])
        if (options[name] !== undefined) request[name] = options[name];
    if (options.think) request.chat_template_kwargs = { enable_thinking: options.think === "on", thinking: options.think === "on" };
    const tools = readTools(options.tools);
    if (tools) request.tools = tools;
    return request;
}

function Key({ say, onKey }) {
    const [text, setText] = useState("");
    return html`<form class="key-form" onSubmit=${(e) => { e.preventDefault(); onKey(text); }}>
        <label>${say("key")}<input type="password" name="key" autocomplete="off" value=${text} onInput=${(e) => setText(e.target.value)} /></label>
        <p class="dim">${say("keyWhy")}</p><button type="submit">${say("useKey")}</button>
    </form>`;
}

function Chats({ chats, current, say, onOpen, onNew, onRemove }) {
    return html`<nav class="chats" aria-label=${say("chats")}>
        <button class="new" onClick=${onNew}>+ ${say("newChat")}</button>
        ${chats.length === 0 && html`<p class="dim">${say("noChats")}</p>`}
        <ul>${chats.map((c) => html`<li key=${c.id} class=${c.id === current ? "current" : ""}>
            <button onClick=${() => onOpen(c)}>${c.title || say("newChat")}</button>
            <button class="quiet" title=${say("remove")} aria-label=${say("remove")} onClick=${() => onRemove(c)}>×</button></li>`)}</ul>
    </nav>`;
}

function Composer({ say, busy, text, onText, onSend, onStop, field }) {
    const keys = (e) => {
        if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
            e.preventDefault();
            if (!busy) onSend();
        }
    };
    useEffect(() => {
        const t = field.current;
        t.style.height = "auto";
        t.style.height = `${Math.min(t.scrollHeight, 240)}px`;
    }, [text]);
    return html`<form class="composer" onSubmit=${(e) => { e.preventDefault(); busy ? onStop() : onSend(); }}>
        <textarea ref=${field} name="message" rows="1" placeholder=${say("placeholder")} aria-label=${say("placeholder")} value=${text}
            onInput=${(e) => onText(e.target.value)} onKeyDown=${keys}></textarea>
        <button type="submit" class=${busy ? "stop" : "send"} disabled=${!busy && !text.trim()}>${say(busy ? "stop" : "send")}</button>
        <p class="hint">${say("hint")}</p>
    </form>`;
}

// Everything that the page knows, and what can be done with it.
function usePage(say) {
    const [chats, setChats] = useState([]);
    const [now, setNow] = useState(newChat());
    const [list, setList] = useState([]);
    const [model, setModel] = useState(settings.get().model ?? "");
    const [options, setOptions] = useState(settings.get().options ?? {});
    const [error, setError] = useState(null);
    const [needsKey, setNeedsKey] = useState(false);
    const [busy, setBusy] = useState(false);
    const stopper = useRef(null);

    const fail = (e, retry) => {
        if (e instanceof ApiError && (e.status === 401 || e.status === 403)) setNeedsKey(true);
        const text = e instanceof TypeError ? say("offline") : e.message;
        setError({ text, retry });
    };
    const refresh = async () => {
        try {
            const found = await models();
            setList(found);
            setModel((m) => (found.some((f) => f.id === m) ? m : found[0]?.id ?? ""));
            setNeedsKey(false);
            setError(null);
        } catch (e) {
            fail(e, false);
        }
    };
    const keep = async (c) => {
        try {
            await store.put(c);
            setChats(await store.all());
        } catch {
            setError({ text: say("storeFull"), retry: false });
        }
    };
    const show = (c) => setNow({ ...c, messages: [...c.messages] });

    // The model answers what there is; the answer grows on the page.
    const answer = async (from) => {
        const a = newAnswer();
        const c = { ...from, messages: [...from.messages, a], changed: Date.now() };
        const request = requestOf(model, from.messages, options);
        let drawn = 0;
        stopper.current = new AbortController();
        setBusy(true);
        setError(null);
        show(c);
        try {
            await chat(request, stopper.current.signal, (chunk) => {
                take(a, chunk);
                if (!drawn) drawn = requestAnimationFrame(() => { drawn = 0; show(c); });
            });
        } catch (e) {
            if (e.name === "AbortError") a.stopped = true;
            else {
                if (!a.content && !a.reasoning_content) c.messages.pop();
                fail(e, true);
            }
        }
        cancelAnimationFrame(drawn);
        end(a);
        setBusy(false);
        show(c);
        await keep(c);
    };
    const send = (text) => {
        const from = { ...now, title: now.title || text.trim().slice(0, 60), messages: [...now.messages, { role: "user", content: text }] };
        return answer(from);
    };
    const results = (texts) => {
        const calls = openCalls(now.messages);
        const told = calls.map((c, i) => ({ role: "tool", tool_call_id: c.id, content: texts[i] }));
        return answer({ ...now, messages: [...now.messages, ...told] });
    };
    // Takes back everything from the last answer on, and asks anew.
    const again = () => {
        const kept = [...now.messages];
        while (kept.at(-1)?.role === "assistant") kept.pop();
        return answer({ ...now, messages: kept });
    };
    const remove = async (c) => {
        if (!confirm(say("removeAsk"))) return;
        await store.remove(c.id);
        setChats(await store.all());
        if (c.id === now.id) setNow(newChat());
    };
    useEffect(() => { refresh(); store.all().then(setChats, () => {}); }, []);
    useEffect(() => settings.set({ ...settings.get(), model, options }), [model, options]);
    return {
        chats, now, list, model, options, error, needsKey, busy, setModel, setOptions, send, results, again, remove, refresh,
        setNow: (c) => { setError(null); setNow(c); }, stop: () => stopper.current?.abort(),
    };
}

function useShortcuts(page, field, setText, setPanel) {
    useEffect(() => {
        const pressed = (e) => {
            const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName);
            if (e.key === "Escape" && page.busy) page.stop();
            else if (e.altKey && e.code === "KeyN") page.setNow(newChat());
            else if (e.altKey && e.code === "KeyS") setPanel((p) => !p);
            else if (e.key === "/" && !typing) field.current.focus();
            else if (e.key === "ArrowUp" && document.activeElement === field.current && !field.current.value) {
                const last = page.now.messages.findLastIndex((m) => m.role === "user");
                if (last < 0 || page.busy) return;
                setText(page.now.messages[last].content);
                page.setNow({ ...page.now, messages: page.now.messages.slice(0, last) });
            } else return;
            e.preventDefault();
        };
        addEventListener("keydown", pressed);
        return () => removeEventListener("keydown", pressed);
    });
}

function Page() {
    const [language, setLanguage] = useState(firstLanguage());
    const [theme, setTheme] = useState(settings.get().theme ?? "auto");
    const [panel, setPanel] = useState(false);
    const [text, setText] = useState("");
    const field = useRef(null);
    const say = sayIn(language);
    const page = usePage(say);
    useShortcuts(page, field, setText, setPanel);
    useEffect(() => {
        localStorage.setItem("hearth.language", language);
        document.documentElement.lang = language;
    }, [language]);
    document.documentElement.dataset.theme = theme; // before the charts read their colours
    useEffect(() => settings.set({ ...settings.get(), theme }), [theme]);
    const send = () => {
        if (!text.trim()) return;
        page.send(text);
        setText("");
    };
    const edit = (i) => {
        setText(page.now.messages[i].content);
        page.setNow({ ...page.now, messages: page.now.messages.slice(0, i) });
        field.current.focus();
    };
    return html`<div class=${panel ? "page with-panel" : "page"}>
        <header>
            <strong class="brand"><img src="/ui/icon.svg" alt="" width="22" height="22" />Hearth</strong>
            <label class="model"><span class="dim">${say("model")}</span>
                <select name="model" value=${page.model} onChange=${(e) => page.setModel(e.target.value)}>
                    ${page.list.length === 0 && html`<option value="">${say("noModel")}</option>`}
                    ${page.list.map((m) => html`<option value=${m.id}>${m.id}</option>`)}
                </select></label>
            <span class="grow"></span>
            <button class="quiet" name="language" onClick=${() => setLanguage(language === "en" ? "zh" : "en")}>${say("language")}</button>
            <button class="quiet" name="settings" aria-expanded=${panel} onClick=${() => setPanel(!panel)}>${say("settings")}</button>
        </header>
        <${Chats} chats=${page.chats} current=${page.now.id} say=${say} onOpen=${page.setNow} onNew=${() => page.setNow(newChat())} onRemove=${page.remove} />
        <main>
            ${page.needsKey && html`<${Key} say=${say} onKey=${(k) => { key.set(k); page.refresh(); }} />`}
            <${Messages} messages=${page.now.messages} busy=${page.busy} error=${page.error} say=${say} onAgain=${page.again}
                onEdit=${edit} onResults=${page.results} onRetry=${page.again} />
            <${Composer} say=${say} busy=${page.busy} text=${text} onText=${setText} onSend=${send} onStop=${page.stop} field=${field} />
        </main>
        ${panel && html`<${Panel} options=${page.options} say=${say} theme=${theme} onTheme=${setTheme} onChange=${page.setOptions} />`}
    </div>`;
}

render(html`<${Page} />`, document.getElementById("page"));
