  // How sure a number is, what it rests on, and the counts behind it. ------------------------------------------------------
  function uncertainty(at) {
    const own = all.i[at];
    if (!limitsOf(at)) return [];
    const made = [heading(...CONFIDENCE), element("p", `${limitsOf(at)}${own.length === 1 ? "." : ""}`)];
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
  function cells([rows, columns, strata]) {
    const made = strata.map(([label, counts]) => element("table", [
      label ? element("caption", ...inOwn(label)) : element("caption", say("Antal skemaer", "Forms")),
      element("thead", element("tr", [element("td", ""), ...columns.map((name) => element("th", ...inOwn(name, { scope: "col" })))])),
      element("tbody", counts.map((line, row) => element("tr", [element("th", ...inOwn(rows[row], { scope: "row" })), ...line.map((cell) => element("td", count(cell)))]))),
    ]));
    return [heading("Cellerne bag", "The cells behind it"), ...made.map((one) => element("div", one, { class: "scroll", tabindex: "0", role: "region", "aria-label": say("Antal skemaer", "Forms") }))];
  }
