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
