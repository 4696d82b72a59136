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

  // A link to what lies in closed details opens them, and shows all of a list that a choice has hidden it in.
  function reveal() {
    const wanted = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const chosen = wanted && wanted.hidden && document.querySelector(`[data-filter="${wanted.parentElement.id}"]`);
    if (chosen) {
      chosen.value = "";
      chosen.dispatchEvent(new Event("change"));
      wanted.scrollIntoView();
    }
    const around = wanted && wanted.closest("details:not([open])");
    if (around) { around.open = true; wanted.scrollIntoView(); }
  }
