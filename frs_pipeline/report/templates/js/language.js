  // Language ---------------------------------------------------------------------------------------------------------
  // Numbers of a page in the reader's language: those that stand for both, and bound ones in sentences of the other language.
  // What stands in one language only stays as it is there, as does code; what a script writes is in the right one already.
  const first = new WeakMap(), named = { "aria-label": new WeakMap(), title: new WeakMap() };
  const textsIn = (part) => {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  };
  const TOLD_IN = "[lang], .da, .en";
  function languageAt(node) {
    const around = node.closest(TOLD_IN);
    if (node.closest("code, script")) return words;
    if (around === root) return language;
    return node.closest(".bound") ? around.lang || (around.classList.contains("en") ? "en" : "da") : words;
  }
  function renumber(part) {
    if (only) return;
    const scripted = part === document.body ? '#passport, #hits, .made, .drawing, [data-bound="name"]' : 'script, .drawing, [data-bound="name"]';
    for (const node of textsIn(part)) {
      if (!/\d/.test(node.data) || node.parentElement.closest(scripted)) continue;
      const into = languageAt(node.parentElement);
      if (!first.has(node)) first.set(node, node.data);
      node.data = into === words ? first.get(node) : turned(first.get(node), into);
    }
    for (const [name, before] of Object.entries(named)) {
      for (const made of part.querySelectorAll(`main [${name}]:not([data-en])`)) {
        if (!/\d/.test(made.getAttribute(name)) || made.closest(TOLD_IN) !== root) continue;
        if (!before.has(made)) before.set(made, made.getAttribute(name));
        made.setAttribute(name, language === words ? before.get(made) : turned(before.get(made), language));
      }
    }
  }
  function restore(part) {
    for (const node of textsIn(part)) {
      if (first.has(node)) node.data = first.get(node);
      first.delete(node);
    }
  }
  function translate() {
    root.dataset.language = root.lang = language;
    for (const made of document.querySelectorAll("[data-en]")) {
      for (const name of ["aria-label", "placeholder", "title"]) {
        if (!made.hasAttribute(name)) continue;
        if (!made.dataset.da) made.dataset.da = made.getAttribute(name);
        made.setAttribute(name, say(made.dataset.da, made.dataset.en));
      }
    }
    for (const option of document.querySelectorAll("option[data-da]")) option.textContent = say(option.dataset.da, option.dataset.en);
    renumber(document.body);
    const button = document.getElementById("language");
    if (button) {
      button.textContent = say("English", "Dansk");
      button.lang = say("en", "da");
    }
    const heading = document.querySelector("h1");
    const own = heading.querySelector(say(".da", ".en"));
    document.title = `${(own || heading).textContent} · ${document.title.split(" · ").pop()}`;
    pointed();
    if (dialog().open) draw();
    for (const open of document.querySelectorAll(".made:popover-open")) fill(open);
  }
