// An answer in the making: what chunks of a stream add up to.
// SPDX-License-Identifier: Apache-2.0
export function newAnswer() {
    return { role: "assistant", content: "", reasoning_content: "", tool_calls: [], begun: Date.now() };
}

function addCall(calls, piece) {
    const call = (calls[piece.index] ??= { id: "", type: "function", function: { name: "", arguments: "" } });
    if (piece.id) call.id = piece.id;
    if (piece.function?.name) call.function.name = piece.function.name;
    call.function.arguments += piece.function?.arguments ?? "";
}

// Takes one chunk of /v1/chat/completions.
export function take(answer, chunk) {
    const choice = chunk.choices?.[0];
    const delta = choice?.delta ?? {};
    const reasoning = delta.reasoning_content ?? delta.reasoning ?? "";
    if (reasoning) answer.thinking = true;
    answer.reasoning_content += reasoning;
    if (answer.thinking && (delta.content || delta.tool_calls)) {
        answer.thinking = false;
        answer.thought = Date.now() - answer.begun;
    }
    if (!answer.first && (reasoning || delta.content || delta.tool_calls)) answer.first = Date.now();
    answer.content += delta.content ?? "";
    for (const piece of delta.tool_calls ?? []) addCall(answer.tool_calls, piece);
    if (choice?.finish_reason) answer.finish = choice.finish_reason;
    if (chunk.usage) answer.usage = chunk.usage;
}

export function end(answer) {
    answer.thinking = false;
    answer.ended = Date.now();
}

// Without what only the page wants to know.
export function message(m) {
    const sent = { role: m.role, content: m.content };
    if (m.reasoning_content) sent.reasoning_content = m.reasoning_content;
    if (m.tool_calls?.length) sent.tool_calls = m.tool_calls;
    if (m.tool_call_id) sent.tool_call_id = m.tool_call_id;
    return sent;
}

// Calls of the last answer that nobody has given a result for.
export function openCalls(messages) {
    const last = messages.at(-1);
    return last?.role === "assistant" && last.ended ? last.tool_calls ?? [] : [];
}

// [tokens, tokens per second, prompt tokens, cached ones] once they are known.
export function speed(answer) {
    const usage = answer.usage;
    if (!usage || !answer.ended) return null;
    const seconds = (answer.ended - (answer.first ?? answer.begun)) / 1000;
    const rate = seconds > 0 ? usage.completion_tokens / seconds : 0;
    return [usage.completion_tokens, rate.toFixed(rate < 10 ? 1 : 0), usage.prompt_tokens,
        usage.prompt_tokens_details?.cached_tokens ?? 0];
}
