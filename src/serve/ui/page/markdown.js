// A model's Markdown as safe HTML: no scripts, no styles, no forms, and no picture that would call out.
// SPDX-License-Identifier: Apache-2.0
const clean = {
    ALLOWED_TAGS: ["a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "input", "li",
        "ol", "p", "pre", "s", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"],
    ALLOWED_ATTR: ["href", "title", "start", "align", "type", "checked", "disabled", "class"],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
};

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
    if (node.tagName === "A") {
        node.setAttribute("target", "_blank");
        node.setAttribute("rel", "noopener noreferrer");
    }
    if (node.tagName === "INPUT") {
        if (node.getAttribute("type") !== "checkbox") node.remove();
        else node.setAttribute("disabled", "");
    }
    const named = node.getAttribute?.("class");
    if (named && !/^language-[\w+#-]{1,32}$/.test(named)) node.removeAttribute("class");
});

function escaped(text) {
    return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// HTML that a model writes is shown, not run; pictures become links.
marked.use({
    renderer: {
        html: ({ text }) => escaped(text),
        image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
    },
});

// Models end a line where they mean to: verses stay verses.
export function markdown(text) {
    return DOMPurify.sanitize(marked.parse(text, { gfm: true, breaks: true, async: false }), clean);
}
