// The sortable table: the students' names, the titles with their order, and the title with the focus.
const table = document.querySelector("table.sortable");
const heads = [...table.tHead.rows[0].cells];
return [
  [...table.tBodies[0].rows].map(row => row.cells[0].textContent),
  heads.map(head => `${head.textContent} ${head.getAttribute("aria-sort")}`),
  document.activeElement.closest("thead") ? document.activeElement.textContent : "",
];
