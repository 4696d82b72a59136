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
