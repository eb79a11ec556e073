// Ticking all rows of a page at once, and telling how many are ticked.
const all = document.querySelector("[data-choose-all]");
const told = document.querySelector("[data-chosen]");
const table = all?.closest("table.choosing");

function boxes() {
  return [...table.querySelectorAll("tbody .choose input")];
}

function count() {
  const chosen = boxes().filter((box) => box.checked).length;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  told.textContent = chosen ? `With the ${chosen} ticked:` : "With those ticked:";
}

if (table) {
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    count();
  });
  table.addEventListener("change", count);
}
