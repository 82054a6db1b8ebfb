import assert from "node:assert/strict";
import { test } from "node:test";

import { behind } from "./behind.js";

const table = {
  heads: ["Opened", "Closed by somebody else"],
  rows: [
    { name: "Northwind Traders Limited", links: ["/a0", "/a1"] },
    { name: "Same", links: ["/b0", "/b1"] },
    { name: "Same", links: ["/c0", "/c1"] },
  ],
};
const bar = (more) => ({ seriesType: "bar", seriesName: "Opened", seriesIndex: 0, name: "Same", dataIndex: 2, value: 3, ...more });

test("a mark leads to its cell, by name and not by place", () => {
  assert.equal(behind(table, bar({ name: "Northwind Traders Limited", dataIndex: 7 })), "/a0");
  assert.equal(behind(table, bar({ name: "Northwind Tra…", seriesName: "Closed by some…", seriesIndex: 9 })), "/a1");
});

test("where several have the same name the place decides", () => {
  assert.equal(behind(table, bar({})), "/c0");
  assert.equal(behind(table, bar({ dataIndex: 1 })), "/b0");
});

test("cells of heat maps and slices of donuts", () => {
  assert.equal(behind(table, { seriesType: "heatmap", seriesIndex: 0, dataIndex: 5, value: [1, 0, 4] }), "/a1");
  assert.equal(behind(table, { seriesType: "pie", seriesIndex: 0, name: "Northwind Tra…  21 %", dataIndex: 7, value: 4 }), "/a0");
});

test("what has no cell leads nowhere", () => {
  assert.equal(behind(table, bar({ name: "Unknown", dataIndex: 9 })), undefined);
  assert.equal(behind({ heads: [], rows: [] }, bar({})), undefined);
});
