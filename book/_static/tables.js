// Tables made by notebooks (page.table): a click on a head sorts, `searchable` and long ones have a
// field. "How was this made?" leads to the code, also where that is folded. Folds get a name.
// Without this script they are plain tables, complete as they stand, with links that work.

const MANY = 8; // rows that are looked over without a search

// What a cell sorts by: its first number ("+1.4" above "-2.0", "3.1 (2 … 4)" by 3.1), else its text.
function sortKey(cell) {
  const text = cell.textContent.trim();
  const number = parseFloat(text.replace("−", "-"));
  return Number.isNaN(number) ? text.toLowerCase() : number;
}

function compare(a, b) {
  if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b);
  return typeof a === "number" ? -1 : 1; // numbers before words and before "–"
}

function makeSortable(table) {
  const body = table.querySelector("tbody:last-of-type"); // rows in tbody.first stay on top
  const heads = [...table.querySelectorAll("thead th")];
  if (body.rows.length < 3) return;
  heads.forEach((head, column) => {
    if (!head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      // numbers from the highest first, words from A; a second click turns round
      const rows = [...body.rows].map((row) => [sortKey(row.cells[column]), row]);
      const numbers = rows.some(([key]) => typeof key === "number");
      const before = head.getAttribute("aria-sort") || (numbers ? "ascending" : "descending");
      const up = before === "descending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort(([a], [b]) => (typeof a === typeof b && !up ? compare(b, a) : compare(a, b)));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

function makeSearchable(box) {
  const table = box.querySelector("table");
  const rows = [...table.querySelector("tbody:last-of-type").rows];
  if (rows.length <= MANY && !box.classList.contains("searchable")) return;
  const line = document.createElement("div");
  const field = document.createElement("input");
  const told = document.createElement("output");
  line.className = "table-search";
  field.type = "search";
  field.placeholder = "Search rows";
  field.setAttribute("aria-label", `Search rows of: ${table.caption.textContent}`);
  line.append(field, told);
  box.before(line);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    });
    told.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  });
}

// The code of a cell is under its first <details>, if it is folded at all; so are runs at the foot.
function unfold(cell) {
  const folded = cell?.querySelector("details.hide");
  if (folded) folded.open = true;
}

// The theme's folds in the side bar have a picture and no name for those who cannot see it.
function nameFolds() {
  document.querySelectorAll(".bd-sidebar-primary li > details > summary").forEach((summary) => {
    const page = summary.closest("li").querySelector("a").textContent.trim();
    summary.setAttribute("aria-label", `Pages under “${page}”`);
  });
}

document.addEventListener("DOMContentLoaded", () => {
  nameFolds();
  document.querySelectorAll(".table-box table").forEach(makeSortable);
  document.querySelectorAll(".table-box").forEach(makeSearchable);
  document.querySelectorAll("a.to-code").forEach((link) => {
    link.addEventListener("click", () => unfold(document.querySelector(link.hash)));
  });
});
