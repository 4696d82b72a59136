  // Search -----------------------------------------------------------------------------------------------------------
  // Words are looked for in all languages, numbers among all figures, as the reader writes them. The index is fetched when the
  // field is entered. Results are grouped by what they are; of many, a group shows the first ones and the rest when asked.
  const GROUPS = [
    [["sætning på forsiden", "sentence of the front page"], ["sætninger på forsiden", "sentences of the front page"]],
    [["side", "page"], ["sider", "pages"]],
    [["tabel", "table"], ["tabeller", "tables"]],
    [["spørgsmål", "question"], ["spørgsmål", "questions"]],
    [["svar", "answer"], ["svar", "answers"]],
    [["udsagn i den trykte rapport", "claim of the printed report"], ["udsagn i den trykte rapport", "claims of the printed report"]],
    [["tal", "number"], ["tal", "numbers"]],
  ];
  const FEWEST = 5, TABLES = 2, ANSWERS = 4, TOLD = [0, 5], NUMBERS_AT = GROUPS.length - 1;
  const called = (kind, many) => say(...GROUPS[kind][many === 1 ? 0 : 1]);
  let found = null, coming = null, arrived = null;
  function searching(content) {
    const folded = content.t.map((text) => [text].flat().join(" ").toLowerCase());
    found = content.e.map(([kind, name, more, besides, file, anchor, table]) => ({
      kind, name: content.t[name], more: content.t[more], table, href: content.p[file] + (anchor ? `#${anchor}` : ""),
      first: `${folded[name]} ${table ? `tabel table ${table}` : ""}`, text: [name, more, ...besides].map((at) => folded[at]).join(" ") + (table ? ` tabel table ${table}` : ""),
    }));
    arrived();
  }
  const fetched = () => {
    coming = coming || new Promise((done) => {
      arrived = done;
      document.head.append(element("script", [], { src: "search.js" }));
    });
    return coming;
  };
  const NUMERIC = /^[<−-]?\d[\d.,]*%?$/;
  // A number as it is compared: without thousands, percent sign and blanks, its decimal mark that of the study's first language.
  const bareNumber = (text, from) => {
    const read = (from === words ? text : turned(text, words)).replace(/[\s\u00a0%]/g, "").replace("−", "-");
    return read.replace(words === "da" ? /\.(?=\d{3})/g : /,(?=\d{3})/g, "");
  };
  function ofNumbers(parts) {
    const numbers = parts.filter((part) => NUMERIC.test(part)), others = parts.filter((part) => !NUMERIC.test(part));
    if (numbers.length !== 1) return [];
    const wanted = bareNumber(numbers[0], language), hits = [];
    all.p.forEach((text, at) => {
      if (bareNumber(text, words) !== wanted) return;
      const title = all.words[tableOf(at)][0], around = `tabel table ${tableOf(at)} ${labelsOf(at)} ${[title].flat().join(" ")}`.toLowerCase();
      if (others.every((word) => around.includes(word))) hits.push({ kind: NUMBERS_AT, name: printed(at), more: `${say("tabel", "table")} ${tableOf(at)} · ${labelsOf(at)}`, href: hrefOf(at), written: true });
    });
    return hits;
  }
  function matches(typed) {
    const parts = typed.toLowerCase().split(/\s+/).filter(Boolean);
    if (!parts.length || !found) return [];
    const hits = found.filter((one) => parts.every((part) => one.text.includes(part)));
    const near = (one) => (parts.every((part) => one.first.includes(part)) ? 0 : 1);
    return GROUPS.map((_, kind) => (kind === NUMBERS_AT ? ofNumbers(parts) : hits.filter((one) => one.kind === kind).sort((a, b) => near(a) - near(b)))).filter((group) => group.length);
  }
  function result(one) {
    const name = one.table && one.kind === TABLES ? [element("b", `${say("Tabel", "Table")} ${one.table}`), " "] : [];
    const text = one.written ? [element("b", one.name), " "] : [...name, element("span", ...inOwn(TOLD.includes(one.kind) ? numbered(one.name) : one.name))];
    const more = one.written ? element("span", one.more, { class: "quiet" }) : said(one.more) ? element("span", [one.kind === ANSWERS ? `${say("tabel", "table")} ${one.table} · ` : "", element("span", ...inOwn(one.more))], { class: "quiet" }) : null;
    return element("li", element("a", [...text, more], { href: one.href }));
  }
  const numbered = (text) => (Array.isArray(text) ? [text[0], text[1]].map((one, at) => (at === (words === "en" ? 1 : 0) ? one : turned(one, at ? "en" : "da"))) : text);
  function group(several) {
    const rest = several.slice(FEWEST), list = element("ul", several.slice(0, FEWEST).map(result));
    const title = element("p", `${count(several.length)} ${called(several[0].kind, several.length)}`, { class: "kind" });
    if (rest.length) {
      const more = element("button", say(`${count(rest.length)} flere`, `${count(rest.length)} more`), { type: "button", class: "more" });
      more.addEventListener("click", (event) => {
        event.stopPropagation();
        const made = rest.map(result);
        more.parentElement.replaceWith(...made);
        made[0].querySelector("a").focus();
      });
      list.append(element("li", more));
    }
    return element("li", [title, list]);
  }
  function search() {
    const input = document.getElementById("search"), list = document.getElementById("hits"), status = document.getElementById("hits-say");
    const find = async () => {
      const typed = input.value.trim();
      if (typed) await fetched();
      if (typed !== input.value.trim()) return;
      const groups = matches(typed), whole = groups.reduce((sum, one) => sum + one.length, 0);
      list.replaceChildren(...(groups.length ? groups.map(group) : [element("li", say("Intet fundet", "Nothing found"), { class: "quiet" })]));
      list.hidden = !typed;
      list.scrollTop = 0;
      const told = groups.map((one) => `${count(one.length)} ${called(one[0].kind, one.length)}`).join(", ");
      status.textContent = !typed ? "" : whole ? `${count(whole)} ${whole === 1 ? say("sted", "place") : say("steder", "places")}: ${told}` : say("Intet fundet", "Nothing found");
    };
    const stops = () => [...list.querySelectorAll("a, button")];
    input.addEventListener("focus", fetched);
    input.addEventListener("input", find);
    input.addEventListener("keydown", (event) => {
      const [first] = stops();
      if (event.key === "ArrowDown" && first) { event.preventDefault(); list.hidden = false; first.focus(); }
      if (event.key === "Enter") find().then(() => { const link = list.querySelector("a"); if (link) link.click(); });
      if (event.key === "Escape") { input.value = ""; find(); }
    });
    list.addEventListener("keydown", (event) => {
      const links = stops(), at = links.indexOf(document.activeElement), to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
      if (to !== undefined) { event.preventDefault(); (to < 0 ? input : links[Math.min(to, links.length - 1)]).focus(); }
      if (event.key === "Escape") { input.focus(); list.hidden = true; }
    });
    list.addEventListener("click", (event) => { if (event.target.closest("a")) list.hidden = true; });
    document.addEventListener("click", (event) => { if (!event.target.closest(".search")) list.hidden = true; });
    document.querySelector(".search").addEventListener("focusout", (event) => { if (event.relatedTarget && !event.relatedTarget.closest(".search")) list.hidden = true; });
  }
