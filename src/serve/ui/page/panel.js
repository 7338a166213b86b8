// Settings of the chat, and the server's load.
// SPDX-License-Identifier: Apache-2.0
import { html } from "/ui/preact.js";
import { Load } from "/ui/charts.js";

// The JSON list in the field of tools; null when it is empty, undefined when it is no such list.
export function readTools(text) {
    if (!text?.trim()) return null;
    try {
        const tools = JSON.parse(text);
        return Array.isArray(tools) ? tools : undefined;
    } catch {
        return undefined;
    }
}

function Numeric({ name, label, value, min, max, step, say, onChange }) {
    return html`<label>${label}
        <input type="number" name=${name} min=${min} max=${max} step=${step} value=${value ?? ""} placeholder=${say("byModel")}
            onInput=${(e) => onChange(e.target.value === "" ? undefined : Number(e.target.value))} /></label>`;
}

export function Panel({ options, say, theme, onTheme, onChange }) {
    const set = (name) => (value) => onChange({ ...options, [name]: value });
    const choose = (name) => (e) => onChange({ ...options, [name]: e.target.value || undefined });
    return html`<aside class="panel" aria-label=${say("settings")}>
        <h2>${say("settings")}</h2>
        <label>${say("system")}<textarea name="system" rows="3" value=${options.system ?? ""} onInput=${choose("system")}></textarea></label>
        <div class="pair">
        <${Numeric} name="temperature" label=${say("temperature")} value=${options.temperature} min="0" max="2" step="0.1" say=${say} onChange=${set("temperature")} />
        <${Numeric} name="top_p" label=${say("topP")} value=${options.top_p} min="0" max="1" step="0.05" say=${say} onChange=${set("top_p")} />
        <${Numeric} name="max_tokens" label=${say("maxTokens")} value=${options.max_tokens} min="1" step="1" say=${say} onChange=${set("max_tokens")} />
        <${Numeric} name="seed" label=${say("seed")} value=${options.seed} min="0" step="1" say=${say} onChange=${set("seed")} />
        </div>
        <label>${say("think")}<select name="think" value=${options.think ?? ""} onChange=${choose("think")}>
            <option value="">${say("thinkAuto")}</option><option value="on">${say("thinkOn")}</option><option value="off">${say("thinkOff")}</option>
        </select></label>
        <label>${say("tools")}<textarea name="tools" rows="3" spellcheck="false" value=${options.tools ?? ""} onInput=${choose("tools")}></textarea>
            ${readTools(options.tools) === undefined && html`<span class="warn">${say("toolsBad")}</span>`}</label>
        <label>${say("theme")}<select name="theme" value=${theme} onChange=${(e) => onTheme(e.target.value)}>
            ${["auto", "light", "dark"].map((t) => html`<option value=${t}>${say(t)}</option>`)}
        </select></label>
        <h2>${say("load")}</h2>
        <${Load} key=${theme} say=${say} />
        <h2>${say("keys")}</h2>
        <dl class="keys">${say("keyList").map(([k, what]) => html`<dt><kbd>${k}</kbd></dt><dd>${what}</dd>`)}</dl>
    </aside>`;
}
