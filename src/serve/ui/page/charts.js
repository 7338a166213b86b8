// Live charts of the server's load, from two readings of its counters at a time.
// SPDX-License-Identifier: Apache-2.0
import { html, useEffect, useRef, useState } from "/ui/preact.js";
import { load } from "/ui/client.js";

const EVERY_MS = 2000;
const POINTS = 90;

function rates(now, before, seconds) {
    const rate = (name) => Math.max(0, (now[name] ?? 0) - (before[name] ?? 0)) / seconds;
    return {
        generated: rate("generation_tokens_total"),
        prompt: rate("prompt_tokens_total"),
        running: now.num_requests_running ?? 0,
        waiting: now.num_requests_waiting ?? 0,
    };
}

function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function Chart({ title, names, labels, rows }) {
    const place = useRef(null);
    const plot = useRef(null);
    const data = [rows.map((r) => r.time), ...names.map((n) => rows.map((r) => r[n]))];
    useEffect(() => {
        const axis = { stroke: colour("--dim"), grid: { stroke: colour("--line"), width: 1 }, size: 44 };
        plot.current = new uPlot({
            width: place.current.clientWidth, height: 130, cursor: { show: false }, legend: { show: false },
            scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
            axes: [{ ...axis, size: 24 }, axis],
            series: [{}, ...names.map((n, i) => ({ stroke: colour(i ? "--second" : "--accent"), width: 2, points: { show: false } }))],
        }, data, place.current);
        return () => plot.current.destroy();
    }, []);
    useEffect(() => plot.current?.setData(data), [rows]);
    const last = rows.at(-1);
    return html`<figure class="chart">
        <figcaption>${title}
            ${names.map((n, i) => html`<span class=${i ? "key second" : "key first"}>${labels[i]} ${last ? Math.round(last[n]) : ""}</span>`)}
        </figcaption>
        <div ref=${place} role="img" aria-label=${`${title}: ${names.map((n, i) => `${labels[i]} ${last ? Math.round(last[n]) : 0}`).join(", ")}`}></div>
    </figure>`;
}

export function Load({ say }) {
    const [rows, setRows] = useState([]);
    const [hidden, setHidden] = useState(false);
    useEffect(() => {
        let before = null, at = 0;
        const read = async () => {
            try {
                const now = await load(), time = Date.now();
                if (before) {
                    const row = { time: time / 1000, ...rates(now, before, (time - at) / 1000) };
                    setRows((all) => [...all.slice(1 - POINTS), row]);
                }
                [before, at] = [now, time];
                setHidden(false);
            } catch {
                setHidden(true);
            }
        };
        read();
        const timer = setInterval(read, EVERY_MS);
        return () => clearInterval(timer);
    }, []);
    if (hidden) return html`<p class="dim">${say("noLoad")}</p>`;
    return html`
        <${Chart} title=${say("speed")} names=${["generated", "prompt"]} labels=${[say("generated"), say("prompt")]} rows=${rows} />
        <${Chart} title=${say("requests")} names=${["running", "waiting"]} labels=${[say("running"), say("waiting")]} rows=${rows} />`;
}
