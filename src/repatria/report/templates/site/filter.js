(function () {
var box = document.getElementById("filter"), rows = document.querySelectorAll("tr[data-kind]");
var kind = document.getElementById("f-kind"), year = document.getElementById("f-year"), word = document.getElementById("f-word"), told = document.getElementById("f-count");
function show() {
var n = 0, w = word.value.trim().toLowerCase();
rows.forEach(function (row) {
var fits = (!kind.value || row.dataset.kind === kind.value) && (!year.value || row.dataset.year === year.value) && row.textContent.toLowerCase().indexOf(w) >= 0;
row.hidden = !fits;
n += fits;
});
told.textContent = n + " of " + rows.length + " shown";
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
