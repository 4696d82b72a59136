  // Sheet ----------------------------------------------------------------------------------------------------------
  // What is told about a number lies above the page and has an entry of its own in the history: Back closes it, Forward opens
  // it again, and closing it in any other way takes the entry back. Claims' are popovers, which open without a script, too.
  const dialog = () => document.getElementById("passport");
  const entry = () => (history.state && history.state.frs) || null;
  const here = () => location.pathname + location.search;
  let leaving = null;
  function back() {
    leaving = new Promise((done) => window.addEventListener("popstate", () => { leaving = null; done(); }, { once: true }));
    history.back();
  }
  async function enter(state, name) {
    await leaving;
    if (!dialog().open) return;
    const url = name ? `#${name}` : location.href, inside = entry() && !entry().claim;
    history[inside ? "replaceState" : "pushState"]({ frs: state }, "", url);
  }
  function show() {
    draw();
    document.getElementById("passport-say").textContent = "";
    if (!dialog().open) dialog().showModal();
    dialog().scrollTop = 0;
  }
  async function open(indices, from, { told = false } = {}) {
    await Promise.all([...new Set(indices.map((at) => all.page[tableOf(at)]))].map(load));
    opener = from || opener;
    [shown, counted] = [indices, null];
    show();
    if (!told) enter({ figures: indices.map((at) => all.a[at]) }, indices.length === 1 ? all.a[indices[0]] : "");
  }
  function openCount(name, from, { told = false } = {}) {
    opener = from || opener;
    counted = name;
    show();
    if (!told) enter({ count: name }, name);
  }
  function close() {
    dialog().close();
  }
  function closed() {
    counted = null;
    const from = opener && opener.isConnected ? opener : null, under = from && from.closest("[popover]");
    opener = null;
    if (entry() && !entry().claim) back();
    else if (/^#(n-|t\d)/.test(location.hash)) history.replaceState(null, "", here());
    if (under && !under.matches(":popover-open")) under.showPopover();
    if (!from) return;
    from.focus({ preventScroll: true });
    // An entry whose address names a place takes the focus there, once its event is over.
    if (leaving) leaving.then(() => setTimeout(() => { if (!dialog().open) from.focus({ preventScroll: true }); }));
  }
  async function toggled(event) {
    const claim = event.target;
    if (!claim.matches || !claim.matches("[popover]")) return;
    if (event.newState === "open") {
      claim.scrollTop = 0;
      copyable(claim);
      await leaving;
      if (claim.matches(":popover-open") && location.hash !== `#${claim.id}`) history.pushState({ frs: { claim: claim.id } }, "", `#${claim.id}`);
    } else if (entry() && entry().claim === claim.id) back();
    else if (!entry() && location.hash === `#${claim.id}`) history.replaceState(null, "", here());
  }
  // The link of a claim's passport can be copied by a script only: a page has the button when one is opened.
  function copyable(claim) {
    const bar = claim.querySelector(".bar");
    if (!bar.querySelector("[data-copy]")) {
      bar.querySelector("h2").after(element("button", "", { type: "button", class: "button", "data-copy": "link" }));
      bar.append(element("p", "", { class: "say", role: "status" }));
    }
    bar.querySelector("[data-copy]").textContent = say("Kopiér link", "Copy link");
    bar.querySelector(".say").textContent = "";
  }
  const template = (name) => document.getElementById(`passport-${name}`);
  // Opens what the address names, and closes what it doesn't.
  function fromAddress() {
    if (leaving) return;
    const state = entry() || {}, name = decodeURIComponent(location.hash.slice(1)), at = document.getElementById(name);
    const figures = (state.figures || [name]).filter((one) => place.has(one)), count = state.count || name;
    const claim = at && at.matches("[popover]") ? at : null;
    if (figures.length || template(count)) {
      const known = state.figures && state.figures.length > 1 ? null : at;
      if (known && !state.figures && !state.count && !dialog().open) known.scrollIntoView({ block: "center" });
      if (figures.length) open(figures.map((one) => place.get(one)), known, { told: true });
      else openCount(count, known, { told: true });
    } else if (dialog().open) dialog().close();
    for (const one of document.querySelectorAll("[popover]:popover-open")) if (one !== claim && !one.contains(claim) && !dialog().open) one.hidePopover();
    if (claim && !claim.matches(":popover-open")) claim.showPopover();
    if (!claim && /^(om|citat)-/.test(name) && document.querySelector("[data-claim]")) openClaim(name);
  }
  // Numbers that a press is on: by their names; those of a count are `n-…`. A number of a drawing is a link to its cell.
  function namesAt(target) {
    const number = target.closest("button.f, button.bound, button.count, a.n");
    if (!number) return [null, []];
    if (number.matches("a.n") && !number.dataset.figures) return [number, number.dataset.figures ? number.dataset.figures.split(" ") : [decodeURIComponent((number.getAttribute("href").split("#")[1]) || "")]];
    if (number.dataset.count || number.matches(".count")) return [number, [number.dataset.count || number.id]];
    return [number, number.dataset.figures ? [...new Set(number.dataset.figures.split(" "))] : [number.id]];
  }
  function pressed(event) {
    const button = event.target.closest("button[data-copy]");
    if (button) { copy(button); return; }
    const told = event.target.closest("button[data-claim]");
    if (told) { openClaim(told.dataset.claim); return; }
    const [number, names] = namesAt(event.target);
    if (!number || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const figures = names.filter((name) => place.has(name));
    if (template(names[0])) openCount(names[0], number);
    else if (figures.length) open(figures.map((name) => place.get(name)), number);
    else return;
    event.preventDefault();
  }
  // The passports of another page are asked for while the pointer, or the focus, is on its way to the number.
  function approached(event) {
    if (event.target.closest("button[data-claim]")) fetchClaims();
    for (const name of namesAt(event.target)[1]) if (place.has(name)) load(all.page[tableOf(place.get(name))]);
  }
  const linkTo = () => {
    if (counted) return new URL(`#${counted}`, location.href).href;
    return shown.length === 1 ? new URL(hrefOf(shown[0]), location.href).href : location.href;
  };
  async function copy(button) {
    const sheet = button.closest("dialog, [popover]"), status = sheet.querySelector("[role=status]");
    const code = button.dataset.copy === "code" ? button.parentElement.querySelector("code").textContent : null;
    const text = code || (sheet.matches("dialog") ? linkTo() : new URL(`#${sheet.id}`, location.href).href);
    const copied = await toClipboard(text, sheet);
    status.textContent = copied ? (code ? say("Forespørgslen er kopieret.", "Query copied.") : say("Linket er kopieret.", "Link copied.")) : text;
  }
