// The messages of a chat, as people read them.
// SPDX-License-Identifier: Apache-2.0
import { html, useEffect, useMemo, useRef, useState } from "/ui/preact.js";
import { markdown } from "/ui/markdown.js";
import { openCalls, speed } from "/ui/answer.js";

function Copy({ text, say }) {
    const [done, setDone] = useState(false);
    const copy = async () => {
        await navigator.clipboard.writeText(text);
        setDone(true);
        setTimeout(() => setDone(false), 1500);
    };
    return html`<button class="quiet" onClick=${copy}>${say(done ? "copied" : "copy")}</button>`;
}

function Thinking({ message, say }) {
    if (!message.reasoning_content) return null;
    const title = message.thinking ? say("thinking") : say("thought", ((message.thought ?? 0) / 1000).toFixed(1));
    return html`<details class="thinking">
        <summary class=${message.thinking ? "busy" : ""}>${title}</summary>
        <div class="plain">${message.reasoning_content}</div>
    </details>`;
}

function pretty(text) {
    try {
        return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
        return text;
    }
}

function Calls({ calls, say }) {
    return (calls ?? []).map((c) => html`<details class="call" open>
        <summary>${say("call", c.function.name)}</summary>
        <pre><code>${pretty(c.function.arguments)}</code></pre>
    </details>`);
}

function Text({ text }) {
    const safe = useMemo(() => markdown(text), [text]);
    return html`<div class="text" dangerouslySetInnerHTML=${{ __html: safe }}></div>`;
}

function Foot({ message, say, onAgain }) {
    const numbers = speed(message);
    const cut = message.finish === "length" || message.finish === "content_filter";
    return html`<div class="foot">
        ${message.stopped && html`<span class="warn">${say("stopped")}</span>`}
        ${cut && html`<span class="warn">${say("cut", say(message.finish))}</span>`}
        ${numbers && html`<span>${say("stats", ...numbers)}</span>`}
        <span class="grow"></span>
        ${message.content && html`<${Copy} text=${message.content} say=${say} />`}
        ${onAgain && html`<button class="quiet" onClick=${onAgain}>${say("again")}</button>`}
    </div>`;
}

function Answer({ message, say, onAgain }) {
    return html`<article class="answer" aria-busy=${!message.ended}>
        <${Thinking} message=${message} say=${say} />
        ${message.content && html`<${Text} text=${message.content} />`}
        <${Calls} calls=${message.tool_calls} say=${say} />
        ${message.ended ? html`<${Foot} message=${message} say=${say} onAgain=${onAgain} />`
            : !message.content && !message.reasoning_content && html`<span class="busy dots" aria-label=${say("thinking")}>···</span>`}
    </article>`;
}

// What the called tools returned: the person plays the tool.
function Results({ calls, say, onResults }) {
    const [texts, setTexts] = useState(calls.map(() => ""));
    const change = (i) => (e) => setTexts(texts.map((t, k) => (k === i ? e.target.value : t)));
    return html`<form class="results" onSubmit=${(e) => { e.preventDefault(); onResults(texts); }}>
        ${calls.map((c, i) => html`<label>${say("resultOf", c.function.name)}
            <textarea rows="2" value=${texts[i]} onInput=${change(i)}></textarea></label>`)}
        <button type="submit">${say("sendResults")}</button>
    </form>`;
}

function User({ message, say, onEdit }) {
    return html`<article class="user">
        <div class="plain">${message.content}</div>
        ${onEdit && html`<button class="quiet" onClick=${onEdit}>${say("edit")}</button>`}
    </article>`;
}

function One({ m, last, busy, say, onAgain, onEdit }) {
    if (m.role === "assistant") return html`<${Answer} message=${m} say=${say} onAgain=${last && !busy ? onAgain : null} />`;
    if (m.role === "tool")
        return html`<details class="call"><summary>${say("result")}</summary><pre><code>${pretty(m.content)}</code></pre></details>`;
    return html`<${User} message=${m} say=${say} onEdit=${busy ? null : onEdit} />`;
}

export function Messages({ messages, busy, error, say, onAgain, onEdit, onResults, onRetry }) {
    const end = useRef(null), follow = useRef(true);
    const calls = busy ? [] : openCalls(messages);
    const scrolled = (e) => {
        const t = e.currentTarget;
        follow.current = t.scrollHeight - t.scrollTop - t.clientHeight < 60;
    };
    useEffect(() => {
        if (follow.current) end.current?.scrollIntoView({ block: "end" });
    });
    useEffect(() => {
        if (error) end.current?.scrollIntoView({ block: "end" });
    }, [error]);
    return html`<div class="messages" onScroll=${scrolled} aria-live="polite" tabindex="-1">
        ${messages.length === 0 && html`<div class="welcome"><img src="/ui/icon.svg" alt="" width="64" height="64" />
            <h1>${say("welcome")}</h1><p>${say("welcomeMore")}</p></div>`}
        ${messages.map((m, i) => html`<${One} key=${i} m=${m} last=${i === messages.length - 1} busy=${busy} say=${say}
            onAgain=${onAgain} onEdit=${() => onEdit(i)} />`)}
        ${calls.length > 0 && html`<${Results} key=${messages.length} calls=${calls} say=${say} onResults=${onResults} />`}
        ${error && html`<div class="error" role="alert"><strong>${say("errorTitle")}</strong> ${error.text}
            ${error.retry && html`<button onClick=${onRetry}>${say("retry")}</button>`}</div>`}
        <div ref=${end}></div>
    </div>`;
}
