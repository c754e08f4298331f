// Heat maps drawn as tables (xit/report/heat_table.py): what stands behind a number is told under
// the map for the cell that is pointed at, tapped or moved to. Without this script it is the cell's
// title, and every number stands in a table as well.

function makeHeat(heat) {
  const told = heat.querySelector(".heat-told");
  let shown = null;
  const tell = (cell) => {
    if (!cell?.dataset.told) return;
    shown?.classList.remove("told");
    cell.classList.add("told");
    shown = cell;
    told.textContent = cell.dataset.told;
  };
  heat.querySelectorAll(".heat-table").forEach((table) => {
    const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("td")]);
    const cells = rows.flat();
    cells.forEach((cell) => {
      cell.tabIndex = -1;
      if (cell.title) cell.dataset.told = cell.title; // else it would be told twice
      cell.removeAttribute("title");
    });
    const first = cells.find((cell) => cell.dataset.told);
    if (first) first.tabIndex = 0; // one stop for the tab key, arrows within
    table.addEventListener("mouseover", (event) => tell(event.target.closest("tbody td")));
    table.addEventListener("click", (event) => event.target.closest("tbody td")?.focus());
    table.addEventListener("focusin", (event) => {
      const cell = event.target.closest("tbody td");
      if (!cell) return;
      cells.forEach((other) => (other.tabIndex = other === cell ? 0 : -1));
      tell(cell);
    });
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    table.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      const row = rows.findIndex((line) => line.includes(event.target));
      if (!step || row < 0) return;
      event.preventDefault(); // the page does not scroll, and the theme does not turn it
      event.stopPropagation();
      const column = rows[row].indexOf(event.target);
      rows[row + step[0]]?.[column + step[1]]?.focus();
    });
  });
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".heat").forEach(makeHeat);
});
