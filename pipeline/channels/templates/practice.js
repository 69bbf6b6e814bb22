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
  function print(kind) {
    document.body.classList.add(kind);
    window.print();
    document.body.classList.remove(kind);
  }
  document.getElementById("print-all").addEventListener("click", function () { print("is-whole"); });
  document.getElementById("print-changes").addEventListener("click", function () { print("is-brief"); });
  document.getElementById("print").hidden = false;

  var box = document.getElementById("filter");
  if (!box) { return; }
  var text = document.getElementById("filter-text");
  var change = document.getElementById("filter-change");
  var sort = document.getElementById("sort");
  var shown = document.getElementById("filter-shown");
  var rows = Array.prototype.map.call(document.querySelectorAll("tr[data-tags]"), function (row, place) {
    return {
      row: row,
      place: place,
      list: row.parentNode,
      tags: row.dataset.tags.split(" "),
      name: row.querySelector(".name").textContent,
      words: row.textContent.toLowerCase(),
      number: row.querySelector(".nhs").textContent.replace(/\D/g, ""),
      key: (row.textContent.match(/Key ([0-9A-Z-]+)/) || ["", ""])[1].toLowerCase().replace(/-/g, "")
    };
  });
  // Days compare as text. Who has none comes last, but first where the longest without is asked for.
  var orders = {
    rise: function (a, b) { return Number(b.row.dataset.rise || 0) - Number(a.row.dataset.rise || 0); },
    adm: function (a, b) { return compare(b.row.dataset.adm || "", a.row.dataset.adm || ""); },
    home: function (a, b) { return compare(b.row.dataset.home || "", a.row.dataset.home || ""); },
    seen: function (a, b) { return compare(a.row.dataset.seen || "", b.row.dataset.seen || ""); },
    name: function (a, b) { return a.name.localeCompare(b.name, "en-GB"); }
  };
  function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }
  function fits(entry, wanted, digits, plain, kind) {
    if (kind && entry.tags.indexOf(kind) < 0) { return false; }
    if (plain.length > 4 && entry.key.indexOf(plain) >= 0) { return true; }
    if (digits.length > 3 && entry.number.indexOf(digits) >= 0) { return true; }
    return wanted.every(function (word) { return entry.words.indexOf(word) >= 0; });
  }
  function run() {
    var typed = text.value.toLowerCase().trim();
    var digits = /^[\d\s]+$/.test(typed) ? typed.replace(/\D/g, "") : "";
    // A key that was read out is typed with its hyphens or without.
    var plain = typed.replace(/[^0-9a-z]/g, "");
    var wanted = typed.split(/\s+/);
    var count = 0;
    rows.forEach(function (entry) {
      var fit = fits(entry, wanted, digits, plain, change.value);
      entry.row.hidden = !fit;
      count += fit ? 1 : 0;
    });
    tell(count);
  }
  function tell(count) {
    var order = sort.value ? ", sorted by " + sort.options[sort.selectedIndex].text.toLowerCase() : "";
    shown.textContent = "Showing " + count + " of " + rows.length + " people" + order + ".";
    document.body.classList.toggle("is-filtered", count < rows.length || Boolean(sort.value));
  }
  function arrange() {
    var order = orders[sort.value] || function () { return 0; };
    rows.slice().sort(function (a, b) { return order(a, b) || a.place - b.place; }).forEach(function (entry) {
      entry.list.appendChild(entry.row);
    });
    run();
  }
  function clear() { text.value = ""; change.value = ""; run(); }
  text.addEventListener("input", run);
  change.addEventListener("change", run);
  sort.addEventListener("change", arrange);
  document.getElementById("filter-clear").addEventListener("click", function () { clear(); text.focus(); });
  document.querySelectorAll("a[href^='#p'], a[href^='#c']").forEach(function (link) {
    if (/^#[pc]\d+$/.test(link.getAttribute("href"))) { link.addEventListener("click", clear); }
  });
  box.hidden = false;
  run();
})();
