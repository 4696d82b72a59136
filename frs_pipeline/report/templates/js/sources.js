  // Sources: every digit of the findings has to be bound. -------------------------------------------------------------
  function revise(on) {
    const findings = document.getElementById("findings") || document.querySelector("main"), status = document.getElementById("revision-say");
    restore(findings);
    findings.classList.toggle("revised", on);
    for (const mark of findings.querySelectorAll("mark.unbound")) mark.replaceWith(mark.textContent);
    findings.normalize();
    if (!on) { renumber(findings); return; }
    const walker = document.createTreeWalker(findings, NodeFilter.SHOW_TEXT), unbound = [];
    while (walker.nextNode()) if (/\d/.test(walker.currentNode.data) && !walker.currentNode.parentElement.closest(".bound")) unbound.push(walker.currentNode);
    for (const node of unbound) {
      node.replaceWith(...node.data.split(/(\d+)/).filter(Boolean).map((part) => (/\d/.test(part) ? element("mark", part, { class: "unbound" }) : part)));
    }
    renumber(findings);
    const bound = [...findings.querySelectorAll(".bound")].filter((one) => one.checkVisibility()).length;
    status.textContent = say(`${bound} tal har en kilde, ${unbound.length} har ingen`, `${bound} numbers have a source, ${unbound.length} have none`);
  }
