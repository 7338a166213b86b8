// What the page says, in English and Chinese.
// SPDX-License-Identifier: Apache-2.0
const words = {
    en: {
        newChat: "New chat", chats: "Chats", noChats: "No chats yet", remove: "Delete", removeAsk: "Delete this chat?",
        model: "Model", noModel: "no model", send: "Send", stop: "Stop", placeholder: "Ask something",
        hint: "Enter sends, Shift+Enter begins a new line, Esc stops",
        you: "You", thinking: "Thinking", thought: "Thought for {0} s", call: "Calls {0}", result: "Result",
        resultOf: "What {0} returned", sendResults: "Send results", copy: "Copy", copied: "Copied", again: "Answer again",
        edit: "Edit", settings: "Settings", system: "System message", temperature: "Temperature", topP: "Top p",
        maxTokens: "Longest answer (tokens)", seed: "Seed", think: "Thinking", thinkAuto: "as the model does", thinkOn: "on",
        thinkOff: "off", tools: "Tools (a JSON list)", toolsBad: "This is not a JSON list of tools.", byModel: "by the model",
        load: "Load", speed: "Tokens per second", generated: "generated", prompt: "read", requests: "Requests",
        running: "running", waiting: "waiting", noLoad: "The server does not show its load to this page.",
        stats: "{0} tokens, {1}/s; prompt {2}, {3} from the cache", cut: "The answer was cut: {0}.",
        length: "the longest answer was reached", content_filter: "a filter ended it", stopped: "Stopped.",
        errorTitle: "That did not work", retry: "Try again", key: "API key", keyWhy: "This server asks for a key. It stays in this tab.",
        useKey: "Use it", offline: "The server does not answer. Is it running?", storeFull: "The browser has no room for this chat.",
        language: "中文", theme: "Theme", dark: "dark", light: "light", auto: "as the system", welcome: "Your models, in your own room.",
        welcomeMore: "What you write goes to this server and nowhere else; chats are kept in this browser only.",
        keys: "Keyboard", keyList: [["Enter", "send"], ["Shift+Enter", "new line"], ["Esc", "stop the answer"],
            ["Alt+N", "new chat"], ["Alt+S", "settings and load"], ["/", "to the message"], ["↑", "in an empty message: edit the last one"]],
    },
    zh: {
        newChat: "新对话", chats: "对话", noChats: "还没有对话", remove: "删除", removeAsk: "删除这个对话？",
        model: "模型", noModel: "没有模型", send: "发送", stop: "停止", placeholder: "问点什么",
        hint: "回车发送，Shift+回车换行，Esc 停止",
        you: "你", thinking: "思考中", thought: "思考了 {0} 秒", call: "调用 {0}", result: "结果",
        resultOf: "{0} 的返回值", sendResults: "发送结果", copy: "复制", copied: "已复制", again: "重新回答",
        edit: "编辑", settings: "设置", system: "系统消息", temperature: "温度", topP: "Top p",
        maxTokens: "最长回答（token）", seed: "随机种子", think: "思考", thinkAuto: "由模型决定", thinkOn: "开",
        thinkOff: "关", tools: "工具（JSON 列表）", toolsBad: "这不是工具的 JSON 列表。", byModel: "由模型决定",
        load: "负载", speed: "每秒 token 数", generated: "生成", prompt: "读取", requests: "请求",
        running: "运行中", waiting: "等待中", noLoad: "服务器没有向此页面公开负载。",
        stats: "{0} 个 token，{1}/秒；提示 {2}，其中缓存 {3}", cut: "回答被截断：{0}。",
        length: "达到了最长回答", content_filter: "被过滤器终止", stopped: "已停止。",
        errorTitle: "没有成功", retry: "重试", key: "API 密钥", keyWhy: "此服务器需要密钥。密钥只保存在此标签页。",
        useKey: "使用", offline: "服务器没有回应。它在运行吗？", storeFull: "浏览器没有空间保存这个对话。",
        language: "English", theme: "主题", dark: "深色", light: "浅色", auto: "跟随系统", welcome: "你的模型，在你自己的房间里。",
        welcomeMore: "你写的内容只发送到这台服务器；对话只保存在此浏览器中。",
        keys: "键盘", keyList: [["回车", "发送"], ["Shift+回车", "换行"], ["Esc", "停止回答"], ["Alt+N", "新对话"],
            ["Alt+S", "设置和负载"], ["/", "跳到输入框"], ["↑", "输入框为空时编辑上一条"]],
    },
};

export function firstLanguage() {
    const kept = localStorage.getItem("hearth.language");
    if (words[kept]) return kept;
    return navigator.language.startsWith("zh") ? "zh" : "en";
}

// say("thought", 3) in the language of the page; {0} takes the first value.
export function sayIn(language) {
    return (name, ...values) => {
        const text = words[language][name] ?? words.en[name] ?? name;
        return typeof text === "string" ? text.replace(/\{(\d)\}/g, (_, i) => values[i]) : text;
    };
}
