// From a mark of a chart to the rows behind it. The table of the chart's numbers has a link in each cell, so a mark leads
// to where its cell leads, and addresses are made in one place.

/** Whether `shown`, which a chart may have cut, is the beginning of `whole`. */
function names(shown, whole) {
  return shown === whole || (shown.endsWith("…") && whole.startsWith(shown.slice(0, -1)));
}

/** The place of the only one that is named so; `otherwise` where none is, or several are. */
function place(wholes, shown, otherwise) {
  const met = wholes.flatMap((whole, at) => (names(shown ?? "", whole) ? [at] : []));
  return met.length === 1 ? met[0] : otherwise;
}

/**
 * Where a mark leads.
 * @param {{heads: string[], rows: {name: string, links: (string|undefined)[]}[]}} table the chart's numbers
 * @param {{seriesType: string, seriesName?: string, seriesIndex: number, name?: string, dataIndex: number, value: unknown}} mark
 * @returns {string|undefined} the address of its rows
 */
export function behind({ heads, rows }, { seriesType, seriesName, seriesIndex, name, dataIndex, value }) {
  if (seriesType === "heatmap") {
    const [column, row] = value;
    return rows[row]?.links[column];
  }
  const isPie = seriesType === "pie";
  // The names of slices end with their share, after two spaces.
  const shown = isPie ? name?.split("  ")[0] : name;
  const row = place(rows.map((row) => row.name), shown, dataIndex);
  const column = isPie ? 0 : place(heads, seriesName, seriesIndex);
  return rows[row]?.links[column];
}

/** The numbers of a chart, as they stand in their table. */
export function read(table) {
  const text = (cell) => cell.textContent.trim();
  const heads = [...table.querySelectorAll("thead th")].slice(1).map(text);
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => ({
    name: text(row.querySelector("th")),
    links: [...row.querySelectorAll("td")].map((cell) => cell.querySelector("a")?.href),
  }));
  return { heads, rows };
}
