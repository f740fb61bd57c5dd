(() => {
  "use strict";
  const list = document.getElementById("list");
  const form = document.getElementById("filter");
  if (!list || !form) return;
  const groups = Array.from(list.tBodies);
  const size = groups[0].rows.length;
  let rows = groups.flatMap((group) => Array.from(group.rows)).map((row, place) => ({
    row, place, text: null,
    severity: row.dataset.s, marks: row.dataset.v.split(" "),
  }));
  const field = (id) => document.getElementById(id);
  const [words, severity, verdict, shown] = ["words", "severity", "verdict", "shown"].map(field);

  // What is shown fills the groups from the first on: a group is laid out only once it comes near the window.
  const arrange = () => {
    const parts = groups.map(() => document.createDocumentFragment());
    let place = 0;
    for (const hidden of [false, true]) {
      for (const { row } of rows) {
        if (row.hidden === hidden) parts[Math.floor(place++ / size)].append(row);
      }
    }
    groups.forEach((group, number) => {
      group.hidden = parts[number].firstChild.hidden;
      group.append(parts[number]);
    });
  };

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
    arrange();
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
    rows = keyed.map(([, entry]) => entry);
    arrange();
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
