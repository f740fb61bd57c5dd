(() => {
  "use strict";
  const list = document.getElementById("list");
  const form = document.getElementById("filter");
  if (!list || !form) return;
  const body = list.tBodies[0];
  const rows = Array.from(body.rows, (row, place) => ({
    row, place, text: null,
    severity: row.dataset.s, marks: row.dataset.v.split(" "),
  }));
  const field = (id) => document.getElementById(id);
  const [words, severity, verdict, shown] = ["words", "severity", "verdict", "shown"].map(field);

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of rows) {
      if (wanted.length) entry.text ??= entry.row.textContent.toLowerCase();
      const fits = wanted.every((word) => entry.text.includes(word))
        && (!severity.value || entry.severity === severity.value)
        && (!verdict.value || entry.marks.includes(verdict.value));
      entry.row.hidden = !fits;
      if (fits) count += 1;
    }
    shown.textContent = `${count} of ${rows.length} findings`;
  };

  const ranks = ["critical", "high", "medium", "unknown", "low", "negligible"];
  const value = {
    rank: (entry) => ranks.indexOf(entry.severity),
    number: (entry, column) => -Number(entry.row.cells[column].textContent),
    text: (entry, column) => entry.row.cells[column].textContent,
  };
  const order = new Intl.Collator("en", { numeric: true });
  const compare = (a, b) => (typeof a === "number" ? a - b : order.compare(a, b));

  const sort = (header, column) => {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of list.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((entry) => [value[header.dataset.kind](entry, column), entry]);
    keyed.sort((a, b) => (down ? compare(b[0], a[0]) : compare(a[0], b[0])) || a[1].place - b[1].place);
    body.append(...keyed.map(([, entry]) => entry.row));
  };

  Array.from(list.tHead.rows[0].cells).forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(header, column));
    header.replaceChildren(button);
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
})();
