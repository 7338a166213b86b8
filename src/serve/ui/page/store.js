// Chats are kept in this browser (IndexedDB), nowhere else.
// SPDX-License-Identifier: Apache-2.0
const open = new Promise((resolve, reject) => {
    const request = indexedDB.open("hearth", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("chats", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
});

async function run(mode, act) {
    const base = await open;
    return new Promise((resolve, reject) => {
        const transaction = base.transaction("chats", mode);
        const request = act(transaction.objectStore("chats"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
}

export const store = {
    all: async () => (await run("readonly", (s) => s.getAll())).sort((a, b) => b.changed - a.changed),
    put: (chat) => run("readwrite", (s) => s.put(chat)),
    remove: (id) => run("readwrite", (s) => s.delete(id)),
};

export const settings = {
    get: () => JSON.parse(localStorage.getItem("hearth.settings") ?? "{}"),
    set: (value) => localStorage.setItem("hearth.settings", JSON.stringify(value)),
};
