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
