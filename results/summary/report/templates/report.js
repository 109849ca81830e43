"use strict";
// Tables that can be sorted by any column and copied. Without this script the page shows the same tables.

function sortKey(cell) {
  const number = cell.textContent.replace("−", "-").match(/[-+]?\d+(\.\d+)?/);
  return number && /^[\d\s[<+−-]/.test(cell.textContent) ? Number(number[0]) : cell.textContent;
}

function compare(one, other) {
  if (typeof one === typeof other) return one < other ? -1 : one > other ? 1 : 0;
  return typeof one === "number" ? -1 : 1; // numbers stand before words
}

function sortBy(header, table) {
  const column = [...header.parentNode.children].indexOf(header);
  const direction = header.ariaSort === "ascending" ? -1 : 1;
  const rows = [...table.tBodies[0].rows];
  rows.sort((one, other) => direction * compare(sortKey(one.cells[column]), sortKey(other.cells[column])));
  table.tBodies[0].append(...rows);
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.ariaSort = direction === 1 ? "ascending" : "descending";
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // pages within frames may not use it
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function button(text, action) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = text;
  element.addEventListener("click", action);
  return element;
}

for (const part of document.querySelectorAll(".table")) {
  const table = part.querySelector("table");
  for (const header of table.tHead.rows[0].cells) {
    const text = header.textContent;
    header.replaceChildren(button(text, () => sortBy(header, table)));
  }
  const line = document.createElement("p");
  line.className = "copy";
  line.append("Copy as");
  for (const source of part.querySelectorAll("template")) {
    line.append(button(source.dataset.copy, () => copy(source.content.textContent)));
  }
  part.append(line);
}
