// Opens the passport of a number, searches, switches language, and underlines bound numbers. No request leaves the folder:
// passports are scripts beside the pages, because pages opened from a disk may load those and nothing else.
"use strict";

const FRS = (() => {
  const packs = {}, waiting = {};
  let counted = null;
  let all = { a: [], p: [], c: [], l: [], page: {}, words: {}, i: {}, why: [], of: [] }, place = new Map(), shown = [], opener = null;
  const root = document.documentElement;
  const remembered = (() => { try { return localStorage.getItem("frs-language"); } catch { return null; } })();
  const words = root.dataset.words, only = root.dataset.only;
  let language = only || new URLSearchParams(location.search).get("lang") || remembered || words;
  root.dataset.language = root.lang = language;

  const say = (danish, english) => (language === "en" ? english : danish);
  const element = (name, content, attributes = {}) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    for (const part of [content].flat()) if (part !== null && part !== undefined) made.append(part);
    return made;
  };
  const tableOf = (index) => Number(/^t(\d+)-/.exec(all.a[index])[1]);
  const hrefOf = (index) => `${all.page[tableOf(index)]}.html#${all.a[index]}`;
  // What a page says once stands for every language; else it is a pair, Danish first.
  const said = (text) => (Array.isArray(text) ? say(...text) : text);
  // Numbers are written as in the first language of the study; another one has decimal mark and thousands the other way round.
  const NUMBER = /(?<![\w.,])(?:\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|\d*[.,]\d+)(?!\w|[.,]\d)/g;
  const turned = (text, into) => text.replace(NUMBER, (one) => one.replace(/[.,]/g, (mark) => (mark === "." ? "," : ".")))
    .replace(/(\d)\u00a0?%/g, into === "da" ? "$1\u00a0%" : "$1%");
  const number = (text) => (text && language !== words ? turned(String(text), language) : text);
  const count = (value) => String(value).replace("-", "−").replace(/\B(?=(\d{3})+$)/g, language === "da" ? "." : ",");
  // What the study says, as content and attributes of an element: where it has one language only, with its name.
  const inOwn = (text, attributes = {}) => [said(text), Array.isArray(text) || language === words ? attributes : { ...attributes, lang: words }];
  const MEASURES = {
    count: ["antal", "count"], answers: ["svar", "answers"],
    case_percent: ["% af skemaerne", "% of the forms"],
    percent: ["procent", "percent"], valid_percent: ["procent af besvarede", "percent of answered"],
    cumulative_percent: ["kumuleret procent", "cumulative percent"], row_percent: ["% af rækken", "% of the row"],
    column_percent: ["% af kolonnen", "% of the column"], mean: ["gennemsnit", "mean"],
    sd: ["standardafvigelse", "standard deviation"], min: ["mindste", "smallest"], max: ["største", "largest"],
    q1: ["1. kvartil", "1st quartile"], median: ["median", "median"], q3: ["3. kvartil", "3rd quartile"],
    total_percent: ["% af alle", "% of all"], gamma: ["gamma", "gamma"], ase: ["ASE", "ASE"], t: ["T", "T"], p: ["p", "p"],
    n: ["N", "N"], partial_gamma: ["partiel gamma", "partial gamma"],
  };
  const TOTALS = { "Total valid": ["Besvaret i alt", "All answered"], Missing: ["Ubesvaret", "Blank"], Total: ["I alt", "Total"] };
  const labelsOf = (index) => {
    const coordinates = all.c[index].map((at) => all.l[at]);
    const measure = coordinates.pop();
    return [...coordinates.filter(Boolean).map((label) => (TOTALS[label] ? say(...TOTALS[label]) : said(label))), say(...MEASURES[measure])].join(" · ");
  };
  const printed = (index) => (all.p[index] === "ikke beregnelig" ? say(all.p[index], "not computable") : number(all.p[index]));
  // Limits of the figure with a sign where it is a share, or why there are none; empty where it is no estimate.
  const limitsOf = (index) => {
    const own = all.i[index];
    if (!own) return "";
    if (own.length === 1) return all.why[own[0]][0] && say(`Intet interval, fordi ${all.why[own[0]][0]}`, `No interval, because ${all.why[own[0]][1]}`);
    return `${number(own[0])} ${say("til", "to")} ${number(own[1])}${/percent$/.test(measureOf(index)) ? (language === "da" ? "\u00a0%" : "%") : ""}`;
  };
  const CONFIDENCE = ["95-procent-sikkerhedsinterval", "95% confidence interval"], FEW = ["bygger på få skemaer", "rests on few forms"];
  const measureOf = (index) => all.l[all.c[index][3]];

  // Data -----------------------------------------------------------------------------------------------------------
  function index(content) {
    all = { ...all, ...content };
    place = new Map(content.a.map((name, at) => [name, at]));
  }
  function pack(name, content) {
    packs[name] = content;
    (waiting[name] || []).forEach((ready) => ready());
    delete waiting[name];
  }
  function load(name) {
    if (packs[name]) return Promise.resolve();
    return new Promise((ready) => {
      if (!waiting[name]) document.head.append(element("script", [], { src: `passports-${name}.js` }));
      (waiting[name] = waiting[name] || []).push(ready);
    });
  }

  // Passport -------------------------------------------------------------------------------------------------------
  const dialog = () => document.getElementById("passport");
  async function open(indices, from) {
    opener = from || opener;
    shown = indices;
    await Promise.all([...new Set(indices.map((at) => all.page[tableOf(at)]))].map(load));
    draw();
    if (!dialog().open) dialog().showModal();
    dialog().scrollTop = 0;
    if (indices.length === 1) history.replaceState(null, "", `#${all.a[indices[0]]}`);
  }
  function openCount(name, from) {
    opener = from;
    counted = name;
    draw();
    dialog().showModal();
    dialog().scrollTop = 0;
    history.replaceState(null, "", `#${name}`);
  }
  function close() {
    dialog().close();
  }
  function closed() {
    counted = null;
    if (/^#(n-|t\d)/.test(location.hash))
      history.replaceState(null, "", location.pathname + location.search);
    const back = opener && opener.isConnected ? opener : null;
    opener = null;
    if (back) back.focus();
  }
  function draw() {
    const body = document.getElementById("passport-body");
    if (counted) {
      document.getElementById("passport-title").textContent = say("Sådan er tallet talt op", "How this number is counted");
      body.replaceChildren(document.getElementById(`passport-${counted}`).content.cloneNode(true));
      renumber(body);
      return;
    }
    document.getElementById("passport-title").textContent =
      shown.length === 1 ? `${say("Tabel", "Table")} ${tableOf(shown[0])}` : say("Tallet er regnet ud fra disse tal", "Computed from these figures");
    body.replaceChildren(...(shown.length === 1 ? passport(shown[0]) : [
      element("p", opener ? opener.textContent : "", { class: "big" }), ...shown.map((at) => element("p", [link(at)])),
    ]));
  }
  function link(at) {
    const made = element("a", [`${printed(at)}`], { href: hrefOf(at) });
    made.addEventListener("click", (event) => { event.preventDefault(); open([at]); });
    return element("span", [made, element("span", ` ${say("tabel", "table")} ${tableOf(at)} · ${labelsOf(at)}`, { class: "quiet" })]);
  }
  function passport(at) {
    const content = packs[all.page[tableOf(at)]], own = content.f[at];
    const text = (id) => {
      const languages = content.t[id];
      return languages[language === "en" && languages.length > 1 ? 1 : 0].map((piece) => content.s[piece]).join("");
    };
    const title = (danish, english) => element("h3", say(danish, english));
    const made = [
      element("p", ...inOwn(all.words[tableOf(at)][0], { class: "quiet" })),
      element("p", printed(at), { class: "big" }),
      element("p", labelsOf(at)),
      title("Hvad tallet viser", "What the figure shows"), element("p", text(own.d)),
      ...(own.b === undefined ? [] : [element("p", text(own.b), { class: "quiet" })]),
    ];
    if (own.of) {
      const correlation = Boolean(own.g), gamma = ["gamma", "partial_gamma"].includes(measureOf(at));
      const fraction = `${count(own.n[1])} / ${count(own.of[1])}`;
      made.push(element("p", correlation ? `(P − Q) / (P + Q) = ${fraction}${gamma ? ` = ${printed(at)}` : ""}`
        : `100 × ${fraction} = ${printed(at)}${/\d$/.test(printed(at)) ? (language === "da" ? "\u00a0%" : "%") : ""}`, { class: "formula" }));
    }
    else if (own.n && own.n[1] !== own.f) made.push(element("p", `${count(own.f)} ${say("skemaer", "forms")}: ${count(own.n[1])} ${say("kryds", "ticks")}`, { class: "formula" }));
    made.push(element("p", `${text(own.r)}.`, { class: "quiet sentence" }));
    made.push(...uncertainty(at), ...spread(at, own, text));
    if (own.m) made.push(title("Hvis ingen havde sprunget over", "Had nobody left a question blank"), ...absent(own, text));
    const unit = own.u === undefined ? null : text(own.u);
    made.push(unit ? title("Fra alle kendte til tallet", "From all that are known to the figure")
      : title("Fra leverede skemaer til tallet", "From forms delivered to the figure"), waterfall(own, text, unit));
    if (own.g) made.push(...cells(own.g));
    if (own.near) {
      made.push(title("Skemaer, der var tættest på at tælle med", "Forms nearest to being counted"));
      made.push(element("ul", own.near.map(([why, forms]) => element("li", `${count(forms)}: ${text(why)}`))));
    }
    if (own.p && own.p.length > 1) {
      made.push(title("I den trykte rapport", "In the printed report"), element("p", number(own.p[1]), { class: "bad" }));
      if (own.p.length > 2) made.push(element("p", `${text(own.p[2])}.`, { class: "sentence" }));
    } else if (own.p) made.push(element("p", say("Tallet er det samme som i den trykte rapport.", "The figure is the same as in the printed report.")));
    if (own.e) {
      made.push(title("Samme tal andre steder", "Same number elsewhere"));
      made.push(element("ul", own.e.map(([other, equal]) => element("li", [link(other), equal ? "" : " ✗"]))));
    }
    if (own.s) {
      made.push(title("Summer, tallet indgår i", "Sums that it takes part in"));
      made.push(element("ul", own.s.map(sum)));
    }
    if (own.a) {
      made.push(title("Rettelser og accepterede anmærkninger bag tallet", "Corrections and accepted findings behind the figure"));
      made.push(element("ul", own.a.map(([what, number]) => element("li", `${number} ${text(what)}`))));
    }
    made.push(title("Kontrol", "Checks"));
    made.push(element("ul", own.c.map(([name, passed]) => element("li", `${passed ? "✓" : "✗"} ${text(name)}`, passed ? {} : { class: "bad" }))));
    made.push(element("p", [element("a", say("Link til tallet", "Link to this figure"), { href: hrefOf(at) }), ` · frs trace ${tableOf(at)}`], { class: "quiet" }));
    return made;
  }
  function uncertainty(at) {
    const own = all.i[at];
    if (!limitsOf(at)) return [];
    const made = [element("h3", say(...CONFIDENCE)), element("p", `${limitsOf(at)}${own.length === 1 ? "." : ""}`)];
    if (own.length === 1) return made;
    const [, , clusters, marked, p, q, tests] = own;
    const shared = all.of[clusters === 1 ? 0 : 1];
    const from = shared ? say(`Skemaer om ${count(clusters)} ${shared[0]}.`, `Forms about ${count(clusters)} ${shared[1]}.`) : "";
    made.push(element("p", `${from}${marked ? say(" Bygger på så få skemaer, at det skal læses med forbehold.", " It rests on so few forms that it has to be read with reservation.") : ""}`.trim(), { class: "quiet" }));
    const others = shared ? say(...all.of[1]) : say("skemaer", "forms");
    made.splice(2, 0, element("p", say("Så anderledes kunne tallet være blevet med andre ", "How different the figure might have been with other ")
      + others + say(" under tilsvarende forhold.", " in similar circumstances.")));
    if (p) made.push(element("p", say("Den robuste test: p ", "The robust test: p ") + number(p) + (tests ? say(`; justeret for ${tests} test: p ${q}`, `; adjusted for ${tests} tests: p ${number(q)}`) : ""), { class: "quiet" }));
    return made;
  }
  function pointed() {
    for (const button of document.querySelectorAll("main button.f")) {
      const at = place.get(button.id), said = place.has(button.id) ? limitsOf(at) : "";
      if (said) button.title = all.i[at].length === 1 ? said : `${say(...CONFIDENCE)}: ${said}${all.i[at][3] ? ` (${say(...FEW)})` : ""}`;
    }
  }
  function waterfall(own, text, unit) {
    let left = own.in.reduce((sum, [, forms]) => sum + forms, 0);
    const rows = [[unit ? say("kendt", "known") : say("leverede skemaer", "forms delivered"), "", left]];
    for (const [why, forms] of own.w || []) rows.push([text(why), `−${count(forms)}`, (left -= forms)]);
    rows.push([(unit || say("skemaer", "forms")) + say(", tallet bygger på", " that the figure rests on"), "", own.f]);
    const body = rows.map(([what, less, rest], row) => element("tr", [element("th", what, { scope: "row" }), element("td", less), element("td", count(rest))],
      row === rows.length - 1 ? { class: "total" } : {}));
    return element("table", [element("tbody", body)]);
  }
  // What an interval rests on, and how much the figure differs from others.
  function spread(at, own, text) {
    const made = [];
    if (own.i) {
      const [how, forms, worth, effect, alike, error, df, t, family] = own.i.map((part) => (typeof part === "string" ? number(part) : part));
      const said = [
        text(how),
        worth && `${count(forms)} ${own.u === undefined ? say("skemaer", "forms") : text(own.u)} ${say("fortæller så meget som", "tell as much as")} ${worth} ${say("uafhængige", "independent ones")}`,
        effect && `${say("designeffekt", "design effect")} ${effect}`,
        alike && `${say("intraklassekorrelation", "intra-class correlation")} ${alike}`,
        error && `${say("robust standardfejl", "robust standard error")} ${error}${df ? say(" med ", " on ") + df + say(" frihedsgrader", " degrees of freedom") : ""}`,
        t && `${say("robust T", "robust T")} ${t}`,
        family !== null && `${say("testet blandt", "tested among")}: ${text(family)}`,
      ];
      made.push(element("p", `${said.filter(Boolean).join("; ")}.`, { class: "quiet sentence" }));
    }
    const apart = (own.v || []).map(([of, less, value, low, high, none]) => element("li", [
      element("span", [element("span", ...inOwn(of)), " − ", element("span", ...inOwn(less))]),
      `: ${value === null ? "–" : number(value)}`,
      low ? ` (${number(low)} ${say("til", "to")} ${number(high)})` : none === undefined ? "" : ` (${say("intet interval, fordi", "no interval, because")} ${text(none)})`,
    ]));
    return apart.length ? [...made, element("p", /percent$/.test(measureOf(at))
      ? say("Forskelle i procentpoint med 95-procent-sikkerhedsintervaller:", "Differences in percentage points with 95% confidence intervals:")
      : say("Forskelle med 95-procent-sikkerhedsintervaller:", "Differences with 95% confidence intervals:")), element("ul", apart)] : made;
  }
  function absent(own, text) {
    const [missing, low, high, reason, partly, allCame] = own.m;
    const span = (from, to) => `${number(from)} ${say("til", "to")} ${number(to)}`;
    const what = `${count(missing)} ${own.u === undefined ? say("skemaer", "forms") : text(own.u)}`;
    const lines = [reason === null
      ? `${span(low, high)}${say(", hvis de ", ", had the ")}${what}${say(", der mangler et svar, havde givet et", " that lack an answer given one")}`
      : `${what} ${say("mangler et svar; hvad tallet kunne være, vides ikke: ", "lack an answer; what the figure could be isn't known: ")}${text(reason)}`];
    if (partly) lines.push(span(...partly) + say(", hvis dem, der mangler begge svar eller gruppen, ikke regnes med", ", if those that lack both answers or the group are left out"));
    if (allCame) lines.push(`${span(allCame[1], allCame[2])}${say(", hvis også ", ", had ")}${count(allCame[0])}${say(", der aldrig kom, var kommet", " that never came been there, too")}`);
    return [element("ul", lines.map((line) => element("li", `${line}.`)))];
  }
  function cells([rows, columns, strata, p, q]) {
    const made = strata.map(([label, counts]) => element("table", [
      label ? element("caption", ...inOwn(label)) : element("caption", say("Antal skemaer", "Forms")),
      element("thead", element("tr", [element("td", ""), ...columns.map((name) => element("th", ...inOwn(name, { scope: "col" })))])),
      element("tbody", counts.map((line, row) => element("tr", [element("th", ...inOwn(rows[row], { scope: "row" })), ...line.map((cell) => element("td", count(cell)))]))),
    ]));
    return [element("h3", say("Optællingen bag tallet", "The counts behind the figure")), ...made.map((one) => element("div", one, { class: "scroll", tabindex: "0", role: "region", "aria-label": say("Antal skemaer", "Forms") })),
      element("p", `P = ${typeof p === "string" ? number(p) : count(p)}, Q = ${typeof q === "string" ? number(q) : count(q)}`, { class: "formula" })];
  }
  function sum([total, parts, holds]) {
    const pieces = parts.flatMap((part, row) => [row ? " + " : "", plain(part)]);
    return element("li", [...pieces, " = ", plain(total), holds ? " ✓" : " ✗", element("span", ` ${say("tabel", "table")} ${[...new Set([...parts, total].map(tableOf))].join(", ")}`, { class: "quiet" })]);
  }
  function plain(at) {
    const made = element("a", printed(at), { href: hrefOf(at), title: labelsOf(at) });
    made.addEventListener("click", (event) => { event.preventDefault(); open([at]); });
    return made;
  }
  function fromHash() {
    const name = decodeURIComponent(location.hash.slice(1));
    const button = document.getElementById(name);
    if (button && button.matches("button.count")) button.click();
    if (!place.has(name)) return;
    if (button) button.scrollIntoView({ block: "center" });
    open([place.get(name)], button);
  }

  // Numbers of a table are one stop of the keyboard; arrows go from one to the next. -----------------------------------
  const NUMBERS = "button.f, button.count";
  function arrows(table) {
    const buttons = [...table.querySelectorAll(NUMBERS)];
    buttons.forEach((button, at) => { button.tabIndex = at ? -1 : 0; });
    table.addEventListener("focusin", (event) => {
      if (event.target.matches(NUMBERS)) buttons.forEach((button) => { button.tabIndex = button === event.target ? 0 : -1; });
    });
    table.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!steps || !event.target.matches(NUMBERS)) return;
      event.preventDefault();
      const lines = [...table.tBodies[0].rows].map((row) => [...row.cells].filter((cell) => cell.tagName === "TD"));
      const cell = event.target.closest("td");
      let row = lines.findIndex((line) => line.includes(cell)), column = lines[row].indexOf(cell), next = null;
      do {
        row += steps[0]; column += steps[1];
        if (!lines[row] || !lines[row][column]) return;
        next = lines[row][column].querySelector(NUMBERS);
      } while (!next);
      next.focus();
    });
  }

  // Search -----------------------------------------------------------------------------------------------------------
  function search() {
    const input = document.getElementById("search"), list = document.getElementById("hits"), status = document.getElementById("hits-say");
    const find = () => {
      const wanted = input.value.toLocaleLowerCase(words).split(/\s+/).filter(Boolean);
      const hits = !wanted.length ? [] : Object.entries(all.words).filter(([number, texts]) => {
        const text = `tabel table ${number} ${texts.flat().join(" ")}`.toLocaleLowerCase(words);
        return wanted.every((word) => text.includes(word));
      });
      list.replaceChildren(...hits.map(([number, texts]) =>
        element("li", element("a", [element("b", `${say("Tabel", "Table")} ${number}`), ` ${said(texts[0])}`], { href: `${all.page[number]}.html#tabel-${number}` }))));
      list.hidden = !hits.length;
      status.textContent = wanted.length ? `${hits.length} ${hits.length === 1 ? say("tabel", "table") : say("tabeller", "tables")}` : "";
    };
    input.addEventListener("input", find);
    input.addEventListener("keydown", (event) => {
      const first = list.querySelector("a");
      if (event.key === "ArrowDown" && first) { event.preventDefault(); first.focus(); }
      if (event.key === "Enter" && first) first.click();
      if (event.key === "Escape") { input.value = ""; find(); }
    });
    list.addEventListener("keydown", (event) => {
      const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement);
      if (event.key === "ArrowDown" && links[at + 1]) { event.preventDefault(); links[at + 1].focus(); }
      if (event.key === "ArrowUp") { event.preventDefault(); (links[at - 1] || input).focus(); }
      if (event.key === "Escape") { input.focus(); list.hidden = true; }
    });
    list.addEventListener("click", () => { list.hidden = true; });
    document.addEventListener("click", (event) => { if (!event.target.closest(".search")) list.hidden = true; });
  }

  // Language ---------------------------------------------------------------------------------------------------------
  // Numbers of a page in the reader's language: those that stand for both, and bound ones in sentences of the other language.
  // What stands in one language only stays as it is there, as does code; what a script writes is in the right one already.
  const first = new WeakMap(), named = { "aria-label": new WeakMap(), title: new WeakMap() };
  const textsIn = (part) => {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    return found;
  };
  function languageAt(node) {
    const around = node.closest("[lang]");
    if (node.closest("code, script")) return words;
    return around === root ? language : node.closest(".bound") ? around.lang : words;
  }
  function renumber(part) {
    if (only) return;
    const scripted = part === document.body ? "#passport-body, #hits" : "script";
    for (const node of textsIn(part)) {
      if (!/\d/.test(node.data) || node.parentElement.closest(scripted)) continue;
      const into = languageAt(node.parentElement);
      if (!first.has(node)) first.set(node, node.data);
      node.data = into === words ? first.get(node) : turned(first.get(node), into);
    }
    for (const [name, before] of Object.entries(named)) {
      for (const made of part.querySelectorAll(`main [${name}]:not([data-en])`)) {
        if (!/\d/.test(made.getAttribute(name)) || made.closest("[lang]") !== root) continue;
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
  }

  // Lists of which only what belongs to one chapter is shown. -----------------------------------------------------------
  function filters() {
    for (const select of document.querySelectorAll("select[data-filter]")) {
      select.closest(".filter").hidden = false;
      select.addEventListener("change", () => {
        for (const item of document.querySelectorAll(`#${select.dataset.filter} > [data-of]`)) {
          item.hidden = select.value !== "" && !item.dataset.of.split(" ").includes(select.value);
        }
      });
    }
  }

  // A link to what lies in closed details opens them, and shows all of a list that a choice has hidden it in.
  function reveal() {
    const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const chosen = wanted && wanted.hidden && document.querySelector(`[data-filter="${wanted.parentElement.id}"]`);
    if (chosen) {
      chosen.value = "";
      chosen.dispatchEvent(new Event("change"));
      wanted.scrollIntoView();
    }
    const around = wanted && wanted.closest("details:not([open])");
    if (around) { around.open = true; wanted.scrollIntoView(); }
  }

  // Sources: every digit of the findings has to be bound. -------------------------------------------------------------
  function revise(on) {
    const findings = document.getElementById("findings"), status = document.getElementById("revision-say");
    restore(findings);
    findings.classList.toggle("revised", on);
    for (const mark of findings.querySelectorAll("mark.unbound")) mark.replaceWith(mark.textContent);
    findings.normalize();
    if (!on) { renumber(findings); return; }
    const walker = document.createTreeWalker(findings, NodeFilter.SHOW_TEXT), unbound = [];
    while (walker.nextNode()) if (/\d/.test(walker.currentNode.data) && !walker.currentNode.parentElement.closest(".bound")) unbound.push(walker.currentNode);
    for (const node of unbound) {
      node.replaceWith(...node.data.split(/(\d+)/).filter(Boolean).map((part) => (/\d/.test(part) ? element("mark", part, { class: "unbound" }) : part)));
    }
    renumber(findings);
    const bound = [...findings.querySelectorAll(".bound")].filter((one) => one.checkVisibility()).length;
    status.textContent = say(`${bound} tal har en kilde, ${unbound.length} har ingen`, `${bound} numbers have a source, ${unbound.length} have none`);
  }

  document.addEventListener("DOMContentLoaded", () => {
    translate();
    document.querySelectorAll("main table").forEach(arrows);
    search();
    filters();
    const button = document.getElementById("language");
    if (button) button.addEventListener("click", () => {
      language = say("en", "da");
      try { localStorage.setItem("frs-language", language); } catch { /* pages from a disk may not remember */ }
      translate();
    });
    document.addEventListener("click", (event) => {
      const button = event.target.closest("button.f, button.bound, button.count");
      if (!button) return;
      if (button.dataset.count || button.matches(".count")) {
        openCount(button.dataset.count || button.id, button);
        return;
      }
      const names = button.dataset.figures ? button.dataset.figures.split(" ") : [button.id];
      open([...new Set(names)].map((name) => place.get(name)), button);
    });
    document.getElementById("close").addEventListener("click", close);
    dialog().addEventListener("close", closed);
    dialog().addEventListener("click", (event) => { if (event.target === dialog()) close(); });
    const revision = document.getElementById("revision");
    if (revision) revision.addEventListener("click", () => {
      const on = revision.getAttribute("aria-pressed") !== "true";
      revision.setAttribute("aria-pressed", String(on));
      revise(on);
    });
    window.addEventListener("hashchange", fromHash);
    window.addEventListener("hashchange", reveal);
    fromHash();
    reveal();
  });

  return { index, pack };
})();
