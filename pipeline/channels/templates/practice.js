(function () {
  "use strict";
  // The narrow layout shows tables as blocks, which hides from some screen readers that they are tables: say it again.
  var roles = {
    table: "table", thead: "rowgroup", tbody: "rowgroup", tr: "row",
    "thead th": "columnheader", "tbody th": "rowheader", td: "cell"
  };
  Object.keys(roles).forEach(function (tag) {
    document.querySelectorAll(tag).forEach(function (element) { element.setAttribute("role", roles[tag]); });
  });
  var box = document.getElementById("filter");
  if (!box) { return; }
  var text = document.getElementById("filter-text");
  var change = document.getElementById("filter-change");
  var shown = document.getElementById("filter-shown");
  var rows = Array.prototype.map.call(document.querySelectorAll("tr[data-change]"), function (row) {
    return {
      row: row,
      words: row.textContent.toLowerCase(),
      number: row.querySelector(".nhs").textContent.replace(/\D/g, "")
    };
  });
  function fits(entry, wanted, digits, kind) {
    if (kind === "hidden-from-gp" ? !entry.row.hasAttribute("data-beyond") : kind && entry.row.dataset.change !== kind) {
      return false;
    }
    if (digits.length > 3 && entry.number.indexOf(digits) >= 0) { return true; }
    return wanted.every(function (word) { return entry.words.indexOf(word) >= 0; });
  }
  function run() {
    var typed = text.value.toLowerCase().trim();
    var digits = /^[\d\s]+$/.test(typed) ? typed.replace(/\D/g, "") : "";
    var wanted = typed.split(/\s+/);
    var count = 0;
    rows.forEach(function (entry) {
      var fit = fits(entry, wanted, digits, change.value);
      entry.row.hidden = !fit;
      count += fit ? 1 : 0;
    });
    shown.textContent = "Showing " + count + " of " + rows.length + " people.";
    document.body.classList.toggle("is-filtered", count < rows.length);
  }
  function clear() { text.value = ""; change.value = ""; run(); }
  text.addEventListener("input", run);
  change.addEventListener("change", run);
  document.getElementById("filter-clear").addEventListener("click", function () { clear(); text.focus(); });
  document.querySelectorAll("a[href^='#p']").forEach(function (link) { link.addEventListener("click", clear); });
  box.hidden = false;
  run();
})();
