  document.addEventListener("DOMContentLoaded", () => {
    translate();
    document.querySelectorAll("main table").forEach(arrows);
    document.querySelectorAll(".drawing").forEach(along);
    search();
    filters();
    const button = document.getElementById("language");
    if (button) button.addEventListener("click", () => {
      language = say("en", "da");
      try { localStorage.setItem("frs-language", language); } catch { /* pages from a disk may not remember */ }
      translate();
    });
    document.addEventListener("click", pressed);
    document.addEventListener("click", taken);
    for (const toward of ["pointerover", "focusin"]) document.addEventListener(toward, approached);
    document.addEventListener("toggle", toggled, true);
    document.getElementById("close").addEventListener("click", close);
    dialog().addEventListener("close", closed);
    dialog().addEventListener("click", (event) => { if (event.target === dialog()) close(); });
    const revision = document.getElementById("revision");
    if (revision) revision.addEventListener("click", () => {
      const on = revision.getAttribute("aria-pressed") !== "true";
      revision.setAttribute("aria-pressed", String(on));
      revise(on);
    });
    for (const moved of ["popstate", "hashchange"]) window.addEventListener(moved, () => { reveal(); fromAddress(); });
    reveal();
    fromAddress();
  });
