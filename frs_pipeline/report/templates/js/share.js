  // Taking a figure along: its picture, its numbers, its link and how to cite it. ----------------------------------------
  // A picture is a file in the reader's language with title, question, base and source inside; `DRAWN` is what Python's has, too.
  const inWords = (node) => {
    const copy = node.cloneNode(true);
    for (const other of copy.querySelectorAll(say(".en", ".da"))) other.remove();
    return copy.textContent.replace(/\s*\n\s*/g, " ").replace(/^ +| +$/g, "");
  };
  const xml = (text) => text.replace(/[&<>"]/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[one]);
  const rounded = (value) => String(Math.round(value * 10) / 10 || 0);
  function widthOf(text, size, bold) {
    let width = 0;
    for (const letter of text) width += (DRAWN.widths[letter] ?? DRAWN.unknown) * (bold && !DRAWN.plain.includes(letter) ? DRAWN.bold : 1);
    return width * size / 1000;
  }
  function wrapped(text, room, size, bold) {
    const lines = [""];
    for (const word of text.split(" ")) {
      const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
      if (!lines.at(-1) || widthOf(longer, size, bold) <= room) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  }
  function paragraph(text, look, top, width) {
    const size = DRAWN.sizes[look.split(" ").find((one) => DRAWN.sizes[one])], bold = look.includes("strong");
    const high = Math.round(1.22 * size * 10) / 10, lines = wrapped(text, width, size, bold);
    const drawn = lines.map((line, at) => {
      const fits = line.length > DRAWN.fitted ? ` textLength="${rounded(widthOf(line, size, bold))}"${bold || line.length > DRAWN.narrowed ? ' lengthAdjust="spacingAndGlyphs"' : ""}` : "";
      return `<text class="${look}" x="0" y="${rounded(top + high + at * high)}"${fits}>${xml(line)}</text>`;
    });
    return [drawn.join(""), top + lines.length * high + 4];
  }
  function marksOf(drawing) {
    const copy = drawing.cloneNode(true);
    for (const other of copy.querySelectorAll(say(".en", ".da"))) other.remove();
    for (const link of copy.querySelectorAll("a")) link.replaceWith(link.querySelector("text"));
    for (const text of copy.querySelectorAll(".da, .en")) text.classList.remove("da", "en");
    return [...copy.children].map((mark) => new XMLSerializer().serializeToString(mark).replace(/ xmlns="[^"]*"/g, "")).join("");
  }
  function captionOf(figure) {
    const told = document.getElementById("picture-words").content, place = inWords(figure.querySelector(".label .own"));
    const tables = [...figure.querySelectorAll(".label a:not(.own)")].map(inWords).join(", ");
    return {
      title: inWords(figure.querySelector("h2")),
      question: inWords(figure.querySelector(".sub")),
      below: [...figure.querySelectorAll(":scope > .base")].map(inWords),
      source: `${inWords(told.querySelector(".source"))}. ${[place, tables].filter(Boolean).join(" · ")}.`,
      warning: inWords(told.querySelector(".warning")),
    };
  }
  function pictureOf(figure) {
    const drawing = figure.querySelector(".drawing.wide"), { width, height } = drawing.viewBox.baseVal, caption = captionOf(figure);
    let [above, top] = ["", 0], [below, bottom] = ["", 0];
    for (const [text, look] of [[caption.warning, "row strong"], [caption.title, "headline strong"], [caption.question, "lead"]]) {
      const [drawn, end] = paragraph(text, look, top, width);
      [above, top] = [above + drawn, end];
    }
    for (const text of [...caption.below, caption.source]) {
      const [drawn, end] = paragraph(text, "quiet", bottom, width);
      [below, bottom] = [below + drawn, end];
    }
    const at = [24 + top + 14, 24 + top + 14 + height + 10], wide = rounded(width + 48), high = rounded(at[1] + bottom + 24);
    const group = (y, marks) => `<g transform="translate(24 ${rounded(y)})">${marks}</g>`;
    const head = `xmlns="${drawing.namespaceURI}" class="drawing" role="img" lang="${say("da", "en")}"`;
    return `<svg ${head} viewBox="0 0 ${wide} ${high}" width="${wide}" height="${high}"><title>${xml(caption.title)}</title>`
      + `<desc>${xml(inWords(figure.querySelector(`.drawn > .unseen:not(${say(".en", ".da")})`)))}</desc><style>${xml(DRAWN.style)}</style>${DRAWN.defined}`
      + `<rect class="paper" x="0" y="0" width="${wide}" height="${high}"/>${group(24, above)}${group(at[0], marksOf(drawing))}${group(at[1], below)}</svg>\n`;
  }
  function save(content, type, name) {
    const link = element("a", [], { href: URL.createObjectURL(new Blob([content], { type })), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }
  function raster(svg, name, failed) {
    const picture = new Image();
    picture.onload = () => {
      const canvas = element("canvas", [], { width: picture.width * 2, height: picture.height * 2 }), pen = canvas.getContext("2d");
      pen.scale(2, 2);
      pen.drawImage(picture, 0, 0);
      canvas.toBlob((made) => (made ? save(made, "image/png", name) : failed()), "image/png");
    };
    picture.onerror = failed;
    picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  }
  // Cells of a table as rows of texts, as wide as the table: a name that spans several rows stands in each of them. What is said
  // below a number, as what the report prints, isn't the number.
  function cellsOf(table) {
    const grid = [];
    [...table.rows].forEach((row, down) => {
      let across = 0;
      for (const cell of row.cells) {
        while ((grid[down] || [])[across] !== undefined) across += 1;
        const copy = cell.cloneNode(true);
        for (const other of copy.querySelectorAll(".printed")) other.remove();
        for (let i = 0; i < cell.rowSpan; i += 1) for (let j = 0; j < cell.colSpan; j += 1) (grid[down + i] = grid[down + i] || [])[across + j] = j && cell.scope !== "colgroup" ? "" : inWords(copy);
      }
    });
    return grid;
  }
  // Danish programs read the comma as the decimal mark and the semicolon between cells, English ones the other way round.
  function asCsv(rows) {
    const mark = say(";", ","), thousands = say(/(?<=\d)\.(?=\d{3}(?!\d))/g, /(?<=\d),(?=\d{3}(?!\d))/g);
    const plain = (text) => (/^[−–]?[\d.,]+(\u00a0?%)?$/.test(text) ? text.replace("−", "-").replace(thousands, "").replace(/\u00a0?%$/, "") : text);
    const quoted = (text) => (/["\n,;]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);
    return `\ufeff${rows.map((row) => row.map((text) => quoted(plain(text))).join(mark)).join("\r\n")}\r\n`;
  }
  async function taken(event) {
    const wanted = event.target.closest("[data-take]");
    if (!wanted) return;
    const what = wanted.dataset.take, figure = wanted.closest(".figure"), told = figure.querySelector(".taken");
    const tell = (text) => { told.textContent = text; }, copied = (done, text) => tell(`${done ? say("Kopieret: ", "Copied: ") : ""}${text}`);
    const name = `${figure.id}-${say("da", "en")}`, address = `${location.href.split("#")[0]}#${figure.id}`;
    const failed = () => tell(say("Browseren kunne ikke lave billedet; hent SVG i stedet.", "The browser couldn't make the picture; take the SVG instead."));
    if (what === "csv") event.preventDefault();
    if (what === "svg") { save(pictureOf(figure), "image/svg+xml", `${name}.svg`); tell(say("Billedet er hentet som SVG.", "The picture is saved as SVG.")); }
    if (what === "png") { raster(pictureOf(figure), `${name}.png`, failed); tell(say("Billedet er hentet som PNG.", "The picture is saved as PNG.")); }
    if (what === "csv") { save(asCsv(cellsOf(figure.querySelector("table"))), "text/csv;charset=utf-8", `${name}.csv`); tell(say("Tabellen er hentet som CSV.", "The table is saved as CSV.")); }
    if (what === "copy") {
      const done = await toClipboard(cellsOf(figure.querySelector("table")).map((row) => row.join("\t")).join("\n"), figure);
      tell(done ? say("Tabellen er kopieret; sæt den ind i et regneark.", "The table is copied; paste it into a spreadsheet.") : say("Browseren tillader ikke at kopiere.", "The browser doesn't allow copying."));
    }
    if (what === "link") copied(await toClipboard(address, figure), address);
    if (what === "cite") {
      const { title, source, warning } = captionOf(figure), cited = `${say("»", "“")}${title}${say("«", "”")}. ${source} ${warning}`;
      copied(await toClipboard(cited, figure), cited);
    }
  }
