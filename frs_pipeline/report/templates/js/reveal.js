  // Lists of which only what belongs to one chapter is shown. -----------------------------------------------------------
  function filters() {
    for (const select of document.querySelectorAll("select[data-filter]")) {
      select.closest(".filter").hidden = false;
      select.addEventListener("change", () => {
        for (const item of document.querySelectorAll(`#${select.dataset.filter} > [data-of]`)) {
          item.hidden = select.value !== "" && !item.dataset.of.split(" ").includes(select.value);
        }
      });
    }
  }

  // A link to what lies in closed details opens them, one in another, and shows all of a list that a choice has hidden it in.
  function reveal() {
    const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!wanted) return;
    const listed = wanted.closest("[data-of][hidden]"), chosen = listed && document.querySelector(`[data-filter="${listed.parentElement.id}"]`);
    if (chosen) {
      chosen.value = "";
      chosen.dispatchEvent(new Event("change"));
    }
    let closed = wanted.closest("details:not([open])");
    const moved = Boolean(chosen || closed);
    for (; closed; closed = wanted.closest("details:not([open])")) closed.open = true;
    if (moved) wanted.scrollIntoView();
  }
