// The page's side of the API: models, streamed chats, load.
// SPDX-License-Identifier: Apache-2.0

// The key lives as long as the tab.
export const key = {
    get: () => sessionStorage.getItem("hearth.key") ?? "",
    set: (value) => sessionStorage.setItem("hearth.key", value),
};

export class ApiError extends Error {
    constructor(status, body) {
        super(body?.error?.message ?? `HTTP ${status}`);
        this.status = status;
        this.code = body?.error?.code ?? null;
    }
}

function headers() {
    const all = { "Content-Type": "application/json" };
    if (key.get()) all.Authorization = `Bearer ${key.get()}`;
    return all;
}

async function failure(response) {
    let body = null;
    try {
        body = await response.json();
    } catch {
        // Not every failure has a body that we can read; the status says enough.
    }
    return new ApiError(response.status, body);
}

export async function models() {
    const response = await fetch("/v1/models", { headers: headers() });
    if (!response.ok) throw await failure(response);
    return (await response.json()).data;
}

// The data of each event of a text/event-stream, as it comes.
async function* events(stream) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        held += value;
        let end;
        while ((end = held.indexOf("\n\n")) >= 0) {
            const lines = held.slice(0, end).split("\n");
            held = held.slice(end + 2);
            const data = lines.filter((l) => l.startsWith("data:")).map((l) => l.slice(5).trimStart()).join("\n");
            if (data) yield data;
        }
    }
}

// Sends a chat; onChunk gets each chunk of the answer. Throws ApiError, or AbortError after signal.
export async function chat(request, signal, onChunk) {
    const body = JSON.stringify({ ...request, stream: true, stream_options: { include_usage: true } });
    const response = await fetch("/v1/chat/completions", { method: "POST", headers: headers(), body, signal });
    if (!response.ok) throw await failure(response);
    for await (const data of events(response.body)) {
        if (data === "[DONE]") return;
        const chunk = JSON.parse(data);
        if (chunk.error) throw new ApiError(200, chunk);
        onChunk(chunk);
    }
}

// Sums of the samples of /metrics by name, whatever their labels and prefix.
export async function load() {
    const response = await fetch("/metrics", { headers: headers() });
    if (!response.ok) throw await failure(response);
    const sums = {};
    for (const line of (await response.text()).split("\n")) {
        const sample = /^hearth[_:]([a-z_]+)(?:\{[^}]*\})? ([-+.0-9eE]+)/.exec(line);
        if (sample) sums[sample[1]] = (sums[sample[1]] ?? 0) + Number(sample[2]);
    }
    return sums;
}
