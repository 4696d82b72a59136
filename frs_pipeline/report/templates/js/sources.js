  // Sources: every digit and every word of a result has to be bound; report/binding.py has the same rule. --------------
  const QUOTED = "q, blockquote, code, .cited, .question, .answer, [data-own]";
  const BOUND = `button.f, button.count, a.n, .bound, time, ${QUOTED}`, TESTED = `[data-tested], [data-bound=definition], ${QUOTED}`;
  const AGAIN = ["spoken", "figure"], SOURCES = ["definition", "name", "source", "base", "count", "before"], vouches = (kind) => SOURCES.includes(kind);
  const WITHIN = "section, header, footer, nav, aside, main, dialog, body", LABELS = ["aria-label", "title", "alt", "placeholder"];
  const DATE = /\d{4}-\d\d(?:-\d\d)?|(?:\d{1,2}\.? )?(?:jan|feb|mar|apr|ma[jy]|jun|jul|aug|sep|o[ck]t|nov|dec)[a-z]* \d{4}|\d{1,2}[.:]\d\d/gi, IN_DRAWINGS = /^(?:[\s\d.,;:%−–+[\]()·<>=×/-]|\b(?:p|n|N|til|to|ubesv\.?|blank|før|before)(?![\p{L}\d]))+$/u, AXIS = /^[\s\d.,%+−–-]+$/;
  const BESIDE = /\[[^\]]*\]|\((?:før|before) [^)a-zæøå]*\)|(?:\bn|ubesv\.|\bblank) [\d.,]+|\bp\s?[<=]\s?[\d.,]+|[\d.,−–]+\s?%? (?:til|to) [\d.,−–]+\s?%?/g, QUOTES = /»[^«]*«|“[^”]*”/g;
  const inside = (found, pattern, text) => [...text.matchAll(pattern)].some((one) => one.index <= found.index && found.index + found[0].length <= one.index + one[0].length);
  const asDanish = (number) => number.replaceAll(".", ",");
  const kindOf = (made) => made.closest("[data-bound], text.tick")?.dataset.bound || (made.closest("text.tick") ? "axis" : "");
  const spoken = (made) => { const one = made.closest("[lang], .da, .en"); return one.lang || (one.classList.contains("da") ? "da" : "en"); };
  const numbersIn = (text) => [...text.matchAll(/\d+(?:[.,]\d+)*/g)];
  const patterns = {};
  // Words of results in a text of a language; phrases that only ask for one are none.
  function wordsIn(text, lang) {
    if (!RESULTS[lang] || !/\p{L}/u.test(text)) return [];
    if (!patterns[lang]) patterns[lang] = [RESULTS[lang].not, RESULTS[lang].words].map((words) => new RegExp(words, "giu"));
    const [asks, says] = patterns[lang];
    return [...text.replace(asks, (phrase) => "\ufffc".repeat(phrase.length)).matchAll(says)];
  }
  function names(made, text, at, number) {
    for (let one = made; one; one = one.parentElement) {
      const place = one.localName === "a" ? (one.getAttribute("href") || "").split("#")[1] || "" : one.id || "";
      const found = /^(?:tabel|figur)-(\d+)(?:-\w+)?$|^t(\d+)-/.exec(place), own = found ? found[1] || found[2] : one.dataset?.table;
      if (own === number && (made.localName === "a" || /(?:tabel(?:len|ler)?|tables?|figur|figures?)\s*$/i.test(text.slice(0, at)))) return true;
    }
    return false;
  }
  function stands(made, text, found) {
    const kind = kindOf(made);
    if (made.closest(BOUND) || vouches(kind) || (kind === "figure" && (made.closest("table") || IN_DRAWINGS.test(text)))) return true;
    if (kind === "axis") return AXIS.test(text);
    if (kind === "date") return inside(found, DATE, text);
    if (/^(?:-procent-(?:sikkerheds)?interval|% (?:confidence )?interval)/.test(text.slice(found.index + found[0].length))) return true;
    return names(made, text, found.index, found[0]);
  }
  // What stands bound in each part of a page, which drawings and labels in it may say again.
  function saidIn(texts) {
    const told = new Map();
    for (const node of texts) {
      const made = node.parentElement, free = made.closest(BOUND) || vouches(kindOf(made)) || made.closest("table") || (kindOf(made) === "figure" && IN_DRAWINGS.test(node.data));
      const said = free ? numbersIn(node.data).map((one) => asDanish(one[0])) : [];
      if (made.closest(TESTED)) said.push(...wordsIn(node.data, spoken(made)).map((one) => one[0].toLowerCase()));
      for (let part = said.length && made.closest(WITHIN); part; part = part.parentElement?.closest(WITHIN)) {
        if (!told.has(part)) told.set(part, new Set());
        said.forEach((one) => told.get(part).add(one));
      }
    }
    return (made, what) => told.get(made.closest(WITHIN))?.has(asDanish(what.toLowerCase()));
  }
  function unboundIn(made, text, lang, again) {
    const kind = kindOf(made);
    const missing = numbersIn(text).filter((one) => !stands(made, text, one) && !(AGAIN.includes(kind) && inside(one, BESIDE, text)));
    if (!made.closest(TESTED)) missing.push(...wordsIn(text, lang).filter((one) => !(vouches(kind) && inside(one, QUOTES, text))));
    return missing.filter((one) => !again(made, one[0])).sort((one, other) => one.index - other.index);
  }
  function revise(on) {
    const status = document.getElementById("revision-say");
    restore(document.body);
    document.querySelector("main").classList.toggle("revised", on);
    for (const mark of document.querySelectorAll("mark.unbound")) mark.replaceWith(mark.textContent);
    for (const made of document.querySelectorAll(".unbound")) made.classList.remove("unbound");
    document.body.normalize();
    if (!on) { status.textContent = ""; renumber(document.body); return; }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
    while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("script, style, noscript, #passport, #hits, #revision-say")) texts.push(walker.currentNode);
    const told = saidIn(texts), never = () => false;
    let without = 0;
    for (const node of texts) {
      const made = node.parentElement;
      const missing = unboundIn(made, node.data, spoken(made), AGAIN.includes(kindOf(made)) ? told : never);
      without += missing.length;
      if (missing.length && made.namespaceURI !== document.body.namespaceURI) made.classList.add("unbound");
      else if (missing.length) node.replaceWith(...marked(node.data, missing));
    }
    for (const made of document.body.querySelectorAll(LABELS.map((name) => `[${name}]`).join())) {
      const missing = LABELS.flatMap((name) => unboundIn(made, made.getAttribute(name) || "", spoken(made), told));
      without += missing.length;
      if (missing.length) made.classList.add("unbound");
    }
    renumber(document.body);
    const bound = [...document.querySelectorAll("main :is(.bound, button.f, button.count, a.n)")].filter((one) => one.checkVisibility()).length;
    status.textContent = say(`${count(bound)} tal har en kilde, ${without} tal og ord har ingen`, `${count(bound)} numbers have a source, ${without} numbers and words have none`);
  }
  function marked(text, missing) {
    const parts = [];
    let at = 0;
    for (const one of missing) {
      if (one.index < at) continue;
      parts.push(text.slice(at, one.index), element("mark", one[0], { class: "unbound" }));
      at = one.index + one[0].length;
    }
    return [...parts, text.slice(at)].filter((part) => part !== "");
  }
