  // Claims ---------------------------------------------------------------------------------------------------------
  // What is told about a claim of the printed report, or about a number quoted from it, is built when it is asked for.
  let claims = null, claimsComing = null, claimsArrived = null;
  function claiming(content) {
    claims = content;
    claimsArrived();
  }
  const fetchClaims = () => {
    claimsComing = claimsComing || new Promise((done) => {
      claimsArrived = done;
      document.head.append(element("script", [], { src: "claims.js" }));
    });
    return claimsComing;
  };
  async function openClaim(name) {
    await fetchClaims();
    if (!claims.c[name]) return;
    const made = document.getElementById(name) || element("div", "", { popover: "", id: name, class: "claim-passport made", role: "dialog", "aria-labelledby": `${name}-h`, "data-bound": "source" });
    document.body.append(made);
    fill(made);
    made.showPopover();
  }
  function fill(made) {
    const own = claims.c[made.id], title = own.x ? say("Om et citeret tal", "About a quoted number") : say("Om udsagnet", "About this claim");
    const close = element("button", "✕", { type: "button", class: "button", autofocus: "", popovertarget: made.id, popovertargetaction: "hide", "aria-label": say("Luk", "Close") });
    const bar = element("div", [element("h2", title, { id: `${made.id}-h` }), element("button", say("Kopiér link", "Copy link"), { type: "button", class: "button", "data-copy": "link" }), close, element("p", "", { class: "say", role: "status" })], { class: "bar" });
    made.replaceChildren(bar, element("div", own.x ? quotation(own) : claim(own), { class: "in" }));
  }
  const toldIn = (at) => said(claims.t[at]);
  function boundTo([text, to], plainly = false) {
    if (to === undefined || plainly) return element("span", number(text), { class: "bound cited" });
    const leads = typeof to !== "string" ? { class: "bound", "data-figures": to.map((at) => all.a[at]).join(" ") } : to.startsWith("n-") ? { class: "bound", "data-count": to } : { class: "bound cited struck", "data-claim": to };
    return element("button", number(text), { type: "button", ...leads });
  }
  const sentence = (parts, plainly) => parts[parts.length > 1 && language === "en" ? 1 : 0].map((part) => (typeof part === "string" ? part : boundTo(part, plainly)));
  const over = (parts) => math("math", fraction(parts.slice(0, -1).flatMap((part, at) => [...(at ? [sign("+")] : []), math("mn", number(part))]), [math("mn", number(parts[parts.length - 1]))]));
  const verdictOf = (holds) => (holds === undefined ? element("span", say("? kan ikke afgøres", "? can't be told")) : element("span", holds ? say("✓ holder", "✓ holds") : say("✗ holder ikke", "✗ doesn't hold"), { class: holds ? "ok" : "bad" }));
  const ticked = (holds) => (holds === null || holds === undefined ? "" : element("b", holds ? " ✓" : " ✗", { class: holds ? "ok" : "bad" }));
  function claim(own) {
    const says = sentence(own.s, true), made = [element("p", verdictOf(own.h), { class: "verdict" }), element("p", own.h === false ? element("del", says) : says, { class: "says" })];
    if (own.i) made.push(element("p", sentence(own.i, true)));
    made.push(heading("Betingelsen", "The condition"), element("ul", own.c.map(([name, what, kept]) => element("li", [`${toldIn(name)}: ${toldIn(what)}`, ticked(kept)]))));
    if (own.p) made.push(axis(own.p));
    if (own.r) {
      made.push(heading("Tallene i sætningen", "The numbers of the sentence"), element("ul", own.r.map(sumOf), { class: "sums" }));
      if (own.r.some((row) => row[4])) made.push(quiet(say("[ ]: 95-procent-sikkerhedsinterval", "[ ]: 95% confidence interval")));
    }
    if (own.o !== undefined) made.push(heading("Hvad der ville ændre dommen", "What would turn the verdict"), element("p", toldIn(own.o)));
    made.push(heading("I den trykte rapport", "In the printed report"), element("p", [
      own.q ? element("q", own.q, { lang: words }) : "", own.g ? ` (${say("s.", "p.")} ${own.g})` : "", own.q || own.g ? ". " : "", say("I rapportens egne tabeller: ", "In the report's own tables: "), verdictOf(own.t)]));
    if (own.n) made.push(quiet(own.n.flatMap((table, at) => [at ? " · " : "", element("a", `${say("Tabel", "Table")} ${table}`, { href: `${all.page[table]}.html#tabel-${table}` })])));
    return made;
  }
  function sumOf([name, parts, says, shown, ends, forms]) {
    return element("li", [`${toldIn(name)}: `, parts ? over(parts) : says === null ? "" : toldIn(says), parts || says !== null ? " = " : "", boundTo(shown),
      ends ? ` [${number(ends[0])}; ${number(ends[1])}]` : "", forms ? `, n = ${number(forms)}` : ""]);
  }
  // The condition on 0–100: a bar where it is true, the number that it is about, and those that it is held against.
  function axis([subject, text, others, ends]) {
    const at = (place) => `left:${place}%`, label = element("span", number(text), subject > 50 ? { class: "before" } : {});
    return element("p", [ends ? element("s", "", { style: `${at(ends[0])};width:${ends[1] - ends[0]}%` }) : null, ...others.map((one) => element("i", "", { style: at(one) })), element("b", label, { style: at(subject) })], { class: "axis", "aria-hidden": "true" });
  }
  function quotation(own) {
    const side = (title, [shown, parts, same]) => element("div", [element("span", title), element("b", [toldIn(shown), ticked(same)]), parts ? over(parts) : null]);
    const made = [element("p", element("del", number(own.x), { class: "struck" }), { class: "big" }), element("p", sentence(own.s, true)),
      element("div", element("p", say("Tallet er citeret, ikke regnet: Det står i den trykte rapport. Der ligger ingen skemaer bag, så her er hverken regnestykke eller forespørgsel.", "The number is quoted, not computed: it stands in the printed report. No forms are behind it, so there is neither an equation nor a query.")), { class: "quoted" }),
      heading("To prøver", "Two tests"), element("div", [side(say("Rapportens egne tabeller", "The report's own tables"), own.a), side(say("Skemaerne i denne leverance", "The forms of this delivery"), own.b)], { class: "pair" })];
    if (own.w) {
      const [name, parts, shown] = own.w;
      made.push(heading("Hvor tallet formentlig kommer fra", "Where the number probably comes from"),
        element("p", `${say("Rapportens egne tabeller giver samme tal for noget andet: ", "The report's own tables give the same number for something else: ")}${toldIn(name)}.`),
        element("div", [parts ? over(parts) : "", parts ? " = " : "", toldIn(shown)], { class: "eq" }),
        quiet(say("Det hører til den trykte rapport og ændrer sig ikke med nye leverancer.", "This belongs to the printed report and doesn't change with new deliveries.")));
    }
    if (own.i) made.push(heading("Skemaerne viser i stedet", "The forms show instead"), element("p", sentence(own.i)));
    return made;
  }
