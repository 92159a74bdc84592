(function () {
var box = document.getElementById("filter"), rows = document.querySelectorAll("tr[data-kind]");
var kind = document.getElementById("f-kind"), year = document.getElementById("f-year"), word = document.getElementById("f-word"), told = document.getElementById("f-count");
function side(shown, column, name) {
var sum = 0, without = 0;
shown.forEach(function (row) {
var said = row.cells[column].textContent;
if (said === "none") return;
if (/^[0-9,]+$/.test(said)) sum += Number(said.replace(/,/g, "")); else without += 1;
});
return sum.toLocaleString("en") + " " + name + (without ? " (" + without + " without a number)" : "");
}
function show() {
var n = 0, w = word.value.trim().toLowerCase(), shown = [];
rows.forEach(function (row) {
var fits = (!kind.value || row.dataset.kind === kind.value) && (!year.value || row.dataset.year === year.value) && row.textContent.toLowerCase().indexOf(w) >= 0;
row.hidden = !fits;
n += fits;
if (fits && !/,/.test(row.cells[1].textContent)) shown.push(row);
});
told.textContent = n + " of " + rows.length + " shown" + (kind.value && n ? ": " + side(shown, 2, "to Ukraine") + ", " + side(shown, 3, "to Russia") : "");
}
[kind, year, word].forEach(function (field) { field.addEventListener("input", show); });
function named() {
var wanted = location.hash.slice(1), known = Array.prototype.some.call(kind.options, function (o) { return o.value === wanted; });
if (known) { kind.value = wanted; show(); }
}
window.addEventListener("hashchange", named);
box.hidden = false;
show();
named();
})();
