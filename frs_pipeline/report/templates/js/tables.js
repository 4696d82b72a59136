  // Numbers of a table are one stop of the keyboard; arrows go from one to the next. -----------------------------------
  const NUMBERS = "button.f, button.count";
  function arrows(table) {
    const buttons = [...table.querySelectorAll(NUMBERS)];
    buttons.forEach((button, at) => { button.tabIndex = at ? -1 : 0; });
    table.addEventListener("focusin", (event) => {
      if (event.target.matches(NUMBERS)) buttons.forEach((button) => { button.tabIndex = button === event.target ? 0 : -1; });
    });
    table.addEventListener("keydown", (event) => {
      const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!steps || !event.target.matches(NUMBERS)) return;
      event.preventDefault();
      const lines = [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => [...row.cells].filter((cell) => cell.tagName === "TD"));
      const cell = event.target.closest("td");
      let row = lines.findIndex((line) => line.includes(cell)), column = lines[row].indexOf(cell), next = null;
      do {
        row += steps[0]; column += steps[1];
        if (!lines[row] || !lines[row][column]) return;
        next = lines[row][column].querySelector(NUMBERS);
      } while (!next);
      next.focus();
    });
  }
  // So are those of a drawing; they stand in the order of its rows, and the ones of the other language aren't shown.
  function along(drawing) {
    const links = [...drawing.querySelectorAll("a.n")], shown = () => links.filter((one) => one.checkVisibility());
    const reach = (link) => { for (const one of shown()) one.tabIndex = one === link ? 0 : -1; };
    for (const code of [".da", ".en", ":not(.da, .en)"]) links.filter((one) => one.matches(code)).forEach((one, at) => { one.tabIndex = at ? -1 : 0; });
    drawing.addEventListener("focusin", (event) => { if (event.target.closest("a.n")) reach(event.target.closest("a.n")); });
    drawing.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], from = event.target.closest("a.n");
      const next = step && from && shown()[shown().indexOf(from) + step];
      if (step && from) event.preventDefault();
      if (next) next.focus();
    });
  }
