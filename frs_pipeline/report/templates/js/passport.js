  // Passport -------------------------------------------------------------------------------------------------------
  const heading = (danish, english) => element("h3", say(danish, english));
  const quiet = (content) => element("p", content, { class: "quiet" });
  function draw() {
    const body = document.getElementById("passport-body"), title = document.getElementById("passport-title");
    document.getElementById("passport-place").textContent = counted || shown.length > 1 ? "" : `${say("Tabel", "Table")} ${tableOf(shown[0])} · ${labelsOf(shown[0])}`;
    if (counted) {
      title.textContent = say("Om tallet", "About this number");
      body.replaceChildren(template(counted).content.cloneNode(true));
      renumber(body);
      return;
    }
    title.textContent = shown.length === 1 ? say("Om tallet", "About this number") : say("Tallet er regnet ud fra disse tal", "Computed from these figures");
    body.replaceChildren(...(shown.length === 1 ? passport(shown[0]) : [
      element("p", opener ? opener.textContent : "", { class: "big" }), element("ul", shown.map((at) => element("li", [link(at)]))),
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
    const unit = own.u === undefined ? null : text(own.u);
    return [
      element("p", printed(at), { class: "big" }),
      element("p", labelsOf(at), { class: "what" }),
      element("p", ...inOwn(all.words[tableOf(at)][0], { class: "quiet" })),
      ...strengthOf(at, own, text),
      heading("Hvad tallet er", "What the number is"), element("p", text(own.d)),
      ...(own.b === undefined ? [] : [quiet(text(own.b))]),
      ...equation(at, own),
      element("p", `${text(own.r)}.`, { class: "quiet sentence" }),
      ...compared(at, own, text),
      ...(own.g ? cells(own.g) : []),
      unit ? heading("Fra alle kendte til tallet", "From all that are known to the number")
        : heading("Fra leverede skemaer til tallet", "From forms delivered to the number"),
      waterfall(own, text, unit), ...near(own, text),
      ...uncertainty(at), ...spread(at, own, text),
      ...(own.m ? [heading("Hvis ingen havde sprunget over", "Had nobody left a question blank"), ...absent(own, text)] : []),
      ...(own.s ? [heading("Summer, tallet indgår i", "Sums that the number takes part in"), element("ul", own.s.map(sum), { class: "sums" })] : []),
      ...(own.e ? [heading("Samme tal andre steder", "Same number elsewhere"), element("ul", own.e.map(([other, equal]) => element("li", [link(other), equal ? "" : " ✗"])))] : []),
      ...query(own, content, at), ...checked(own, text),
    ];
  }
  // A gamma in a word, with the limits, the test and the number of forms.
  function strengthOf(at, own, text) {
    if (own.st === undefined) return [];
    const limits = all.i[at] && all.i[at].length > 1 ? all.i[at] : [], n = place.get(all.a[at].replace(/(partial_)?gamma$/, "n"));
    const told = [limits.length ? `95${language === "da" ? "\u00a0%" : "%"}: ${limitsOf(at)}` : "", limits[4] ? `p ${number(limits[4])}` : "", n === undefined ? "" : `n = ${printed(n)}`];
    return [element("p", `${text(own.st)}.`, { class: "strength" }), quiet(told.filter(Boolean).join(" · "))];
  }
  const sign = (text) => math("mo", text);
  const whole = (value) => math("mn", typeof value === "string" ? number(value) : count(value));
  const fraction = (over, under) => math("mfrac", math("mrow", ...over), math("mrow", ...under));
  const written = (label, ...parts) => {
    const made = math("math", ...parts);
    made.setAttribute("displaystyle", "true");
    return element("div", made, { class: "eq", tabindex: "0", role: "group", "aria-label": label });
  };
  function equation(at, own) {
    const label = say("Regnestykke", "Equation");
    if (own.of && own.g) {
      const [, , strata, p, q] = own.g, sums = measureOf(at) === "partial_gamma" && strata.length > 1 ? "Σ" : "";
      const [P, Q] = ["P", "Q"].map((one) => math("mi", `${sums}${one}`));
      const made = [fraction([P, sign("−"), Q], [P.cloneNode(true), sign("+"), Q.cloneNode(true)]), sign("="),
        fraction([whole(p), sign("−"), whole(q)], [whole(p), sign("+"), whole(q)])];
      if (["gamma", "partial_gamma"].includes(measureOf(at))) made.push(sign("="), math("mn", printed(at)));
      return [written(label, math("mi", "γ"), sign("="), ...made)];
    }
    if (own.of) {
      const value = `${printed(at)}${/\d$/.test(printed(at)) ? (language === "da" ? "\u00a0%" : "%") : ""}`;
      return [written(label, math("mn", "100"), sign("×"), fraction([whole(own.n[1])], [whole(own.of[1])]), sign("="), math("mn", value))];
    }
    return own.n && own.n[1] !== own.f ? [quiet(`${count(own.f)} ${say("skemaer", "forms")}: ${count(own.n[1])} ${say("kryds", "ticks")}`)] : [];
  }
  // What the report prints beside what the forms give: only where it was printed from these forms.
  function compared(at, own, text) {
    if (!own.p) return [];
    const same = own.p.length === 1, quoted = same ? printed(at) : number(String(own.p[1]).replace(/^(−?)(?=[,.])/, "$10"));
    const half = (danish, english, value) => element("div", [element("span", say(danish, english)), element("b", value)]);
    const made = [heading("Trykt og regnet", "Printed and computed"), element("div", [
      half("Trykt i rapporten", "Printed in the report", quoted), half("Regnet ud af skemaerne", "Computed from the forms", printed(at))], { class: "pair" })];
    if (same) return [...made, element("p", [element("b", say("✓ ens", "✓ equal"), { class: "ok" })])];
    const never = own.p[0] === "not reproducible", hidden = ["ase", "t", "p"].includes(measureOf(at));
    made.push(element("p", [element("b", never ? say("✗ kan ikke genskabes", "✗ can't be reproduced") : say("✗ afviger", "✗ differs"), { class: "see" })]));
    if (own.p.length > 2) made.push(element("p", `${text(own.p[2])}.`, { class: "sentence" }));
    else if (hidden) made.push(quiet(say("Målet afhænger af celler, som rapporten ikke viser, og kan derfor afvige.", "The measure depends on cells that the report doesn't show, and so may differ.")));
    return made;
  }
  // Bars from what was delivered to what is counted: what is left, and dashed what was taken away.
  function waterfall(own, text, unit) {
    const first = own.in.reduce((all, [, forms]) => all + forms, 0), steps = own.w || [], part = (forms) => `width:${first ? (100 * forms) / first : 0}%`;
    let left = first;
    const rows = [[unit ? say("kendt", "known") : say("leverede skemaer", "forms delivered"), 0, left]];
    for (const [why, forms] of steps) rows.push([text(why), forms, (left -= forms)]);
    return element("ol", rows.map(([what, less, rest], row) => element("li", [
      element("span", what, { class: "why" }),
      element("span", [element("span", "", { class: "left", style: part(rest) }), less ? element("span", "", { class: "gone", style: part(less) }) : null], { class: "track", "aria-hidden": "true" }),
      element("span", less ? `−${count(less)}` : "", { class: "less" }), element("b", count(rest)),
    ], row === rows.length - 1 ? { class: "last" } : {})), { class: "fall" });
  }
  function near(own, text) {
    if (!own.near) return [];
    return [element("details", [element("summary", say("Skemaer, der var tættest på at tælle med", "Forms nearest to being counted")),
      element("ul", own.near.map(([why, forms]) => element("li", `${count(forms)}: ${text(why)}`)))])];
  }
  function query(own, content, at) {
    if (!own.q) return [];
    const copy = element("button", say("Kopiér", "Copy"), { type: "button", class: "button", "data-copy": "code" });
    return [element("details", [element("summary", say("Tæl selv efter (DuckDB)", "Count it yourself (DuckDB)")),
      element("pre", element("code", own.q.map((line) => content.s[line]).join("\n")), { tabindex: "0" }), copy,
      element("p", [say("I en terminal viser ", "In a terminal, "), element("code", `frs trace ${tableOf(at)}`), say(" det samme.", " shows the same.")], { class: "quiet" })])];
  }
  function checked(own, text) {
    const passed = own.c.filter(([, one]) => one).length, whole = passed === own.c.length, made = [];
    if (own.a) {
      made.push(heading("Rettelser og accepterede anmærkninger bag tallet", "Corrections and accepted findings behind the number"));
      made.push(element("ul", own.a.map(([what, forms]) => element("li", `${count(forms)} ${text(what)}`))));
    }
    const told = [element("b", whole ? "✓" : "✗", { class: whole ? "ok" : "bad" }), ` ${passed} ${say("af", "of")} ${own.c.length} ${say("kontroller bestået", "checks passed")}`,
      own.a ? "" : say(" · ingen rettelser bag tallet", " · no corrections behind the number")];
    const list = element("ul", own.c.map(([name, one]) => element("li", `${one ? "✓" : "✗"} ${text(name)}`, one ? {} : { class: "bad" })));
    made.push(element("details", [element("summary", told), list], whole ? { class: "checks" } : { class: "checks", open: "" }));
    return made;
  }
  function sum([total, parts, holds]) {
    const pieces = parts.flatMap((part, row) => [row ? " + " : "", plain(part)]);
    const where = ` ${holds ? "" : "✗ "}${say("tabel", "table")} ${[...new Set([...parts, total].map(tableOf))].join(", ")}`;
    return element("li", [...pieces, " = ", plain(total), holds ? element("b", " ✓", { class: "ok" }) : "", element("span", where, { class: "quiet" })]);
  }
  function plain(at) {
    const made = element("a", printed(at), { href: hrefOf(at), title: labelsOf(at) });
    made.addEventListener("click", (event) => { event.preventDefault(); open([at]); });
    return made;
  }
