(function () {
  "use strict";
  var doc = document;
  doc.documentElement.classList.add("js");

  var data = JSON.parse(doc.getElementById("index").textContent);
  var index = data.findings;
  var rows = Array.prototype.slice.call(doc.querySelectorAll(".finding"));
  var groups = Array.prototype.slice.call(doc.querySelectorAll(".group"));
  var form = doc.getElementById("filter");
  var shown = doc.getElementById("shown");
  var expand = doc.getElementById("expand");
  var fields = ["q", "result", "severity", "axis", "role", "family"];
  var columns = { result: 1, severity: 2, axis: 3, role: 4, family: 5 };
  var texts = null;

  // Local time beside UTC.
  doc.querySelectorAll("time").forEach(function (time) {
    var moment = new Date(time.getAttribute("datetime"));
    if (isNaN(moment)) return;
    var local = doc.createElement("span");
    local.className = "local";
    local.textContent = " (" + moment.toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" }) + " local)";
    time.after(local);
  });

  function text(i) {
    if (!texts) {
      texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
    }
    return texts[i];
  }

  function share(part, all) {
    return (part === all ? "" : part.toLocaleString("en") + " of ") + all.toLocaleString("en");
  }

  function state() {
    var wanted = {};
    fields.forEach(function (name) {
      var value = form.elements[name].value.trim();
      if (value) wanted[name] = value;
    });
    return wanted;
  }

  function matches(i, wanted, words) {
    for (var name in columns) {
      var value = index[i][columns[name]];
      if (name === "role") value = data.roles[value];
      if (name === "family") value = data.families[value];
      if (wanted[name] && value !== wanted[name]) return false;
    }
    return words.every(function (word) { return text(i).indexOf(word) >= 0; });
  }

  function apply() {
    var wanted = state();
    var words = (wanted.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row, i) {
      var keep = matches(i, wanted, words);
      row.hidden = !keep;
      if (keep) count += 1;
    });
    groups.forEach(function (group) {
      var all = group.querySelectorAll(".finding").length;
      var left = group.querySelectorAll(".finding:not([hidden])").length;
      group.hidden = !left;
      group.querySelector("h3 .n").textContent = share(left, all);
    });
    shown.textContent = share(count, rows.length) + " findings";
    return wanted;
  }

  function remember(wanted) {
    var pairs = Object.keys(wanted).map(function (name) { return name + "=" + encodeURIComponent(wanted[name]); });
    history.replaceState(null, "", pairs.length ? "#" + pairs.join("&") : "#findings");
  }

  // `#q=...&result=FAIL` sets the filter; any other hash names a place, which is opened and shown.
  function follow() {
    var hash = location.hash.slice(1);
    if (form && hash.indexOf("=") > 0) {
      var wanted = new URLSearchParams(hash);
      fields.forEach(function (name) { form.elements[name].value = wanted.get(name) || ""; });
      apply();
      doc.getElementById("findings").scrollIntoView();
      return;
    }
    var target = hash && doc.getElementById(hash);
    if (!target) return;
    for (var node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
      if (node.hidden && form) { form.reset(); apply(); }
    }
    var card = target.parentElement.tagName === "DETAILS" ? target.parentElement : target;
    card.scrollIntoView();
    if (card !== target) card.firstElementChild.focus({ preventScroll: true });
  }

  function toggle() {
    var open = expand.getAttribute("aria-pressed") !== "true";
    rows.forEach(function (row) { if (!row.hidden) row.open = open; });
    expand.setAttribute("aria-pressed", String(open));
    expand.textContent = open ? "Close all shown" : "Open all shown";
  }

  if (form) {
    form.hidden = false;
    form.addEventListener("input", function () { remember(apply()); });
    form.addEventListener("submit", function (event) { event.preventDefault(); });
    form.addEventListener("reset", function () { setTimeout(function () { remember(apply()); }, 0); });
    expand.addEventListener("click", toggle);
    doc.addEventListener("keydown", function (event) {
      var busy = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "/" && !busy && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        form.elements.q.focus();
      }
    });
    apply();
  }
  // A number of the control matrix leads to its first finding; with this script, to all it counts.
  doc.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a[data-filter]");
    if (!link || !form || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    location.hash = link.getAttribute("data-filter").replace(/ /g, "%20");
  });
  addEventListener("hashchange", follow);
  follow();
})();
