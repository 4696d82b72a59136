"use strict";
// Switches the language, searches, copies links and opens the table that a link leads to. No request leaves the folder.
(() => {
  const root = document.documentElement, only = root.dataset.only;
  const remembered = (() => { try { return localStorage.getItem("frs-language"); } catch { return null; } })();
  const asked = new URLSearchParams(location.search).get("lang");
  let language = only || [asked, remembered].find((one) => one === "da" || one === "en") || root.dataset.words;
  const say = (danish, english) => (language === "en" ? english : danish);
  const button = document.getElementById("language");
  // What needs a script is offered by it.
  for (const made of document.querySelectorAll(".search, #language")) made.hidden = false;

  function translate() {
    root.dataset.language = root.lang = language;
    for (const made of document.querySelectorAll("[data-en]")) {
      for (const name of ["aria-label", "placeholder"]) {
        if (!made.hasAttribute(name)) continue;
        made.dataset.da ??= made.getAttribute(name);
        made.setAttribute(name, say(made.dataset.da, made.dataset.en));
      }
    }
    if (button) { button.textContent = say("English", "Dansk"); button.lang = say("en", "da"); }
    const heading = document.querySelector("h1"), own = heading.querySelector(say(".da", ".en"));
    document.title = `${(own || heading).textContent.trim()} · ${document.title.split(" · ").pop()}`;
    search();
  }

  const input = document.getElementById("search"), list = document.getElementById("hits"), status = document.getElementById("hits-say");
  function search() {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = !wanted.length || typeof PUBLIC_INDEX === "undefined" ? [] : PUBLIC_INDEX.filter(([, number, title, texts]) => {
      const text = `tabel table ${number} ${title.join(" ")} ${texts.flat().join(" ")}`.toLowerCase();
      return wanted.every((word) => text.includes(word));
    });
    list.replaceChildren(...hits.map(([page, number, title]) => {
      const item = document.createElement("li"), link = document.createElement("a"), name = document.createElement("b");
      link.href = `${page}#tabel-${number}`;
      name.textContent = `${say("Tabel", "Table")} ${number}`;
      link.append(name, ` ${say(...title)}`);
      item.append(link);
      return item;
    }));
    list.hidden = !hits.length;
    status.textContent = !wanted.length ? "" : hits.length ? `${hits.length} ${say("tabeller", "tables")}` : say("Ingen tabeller fundet", "No tables found");
  }
  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; search(); }
    if (event.key === "ArrowDown" && list.querySelector("a")) { event.preventDefault(); list.querySelector("a").focus(); }
    if (event.key === "Enter" && list.querySelector("a")) list.querySelector("a").click();
  });
  list.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")], at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && links[at + 1]) { event.preventDefault(); links[at + 1].focus(); }
    if (event.key === "ArrowUp") { event.preventDefault(); (links[at - 1] || input).focus(); }
    if (event.key === "Escape") { list.hidden = true; input.focus(); }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".search")) list.hidden = true; });

  if (button) button.addEventListener("click", () => {
    language = say("en", "da");
    try { localStorage.setItem("frs-language", language); } catch { /* Pages opened from a disk may not remember anything. */ }
    translate();
  });
  for (const copy of document.querySelectorAll("[data-copy]")) {
    copy.addEventListener("click", () => {
      const link = `${location.href.split("#")[0]}#${copy.dataset.copy}`, told = copy.closest("section").querySelector("[role=status]");
      (navigator.clipboard ? navigator.clipboard.writeText(link) : Promise.reject()).then(() => { told.textContent = say("Kopieret.", "Copied."); }, () => { told.textContent = link; });
    });
  }
  function reveal() {
    const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const around = wanted && wanted.closest("details:not([open])");
    if (around) { around.open = true; wanted.scrollIntoView(); }
  }
  addEventListener("hashchange", reveal);
  translate();
  reveal();
})();
