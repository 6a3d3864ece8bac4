// The page "Try topic patterns": type patterns and routing keys, and see which of them match.
"use strict";

// Returns whether a routing key matches a pattern: `*` stands for one word, `#` for any number of words. An empty key has no
// word. crates/contracts/src/exchanges.rs has the same function; a test compares both on the examples in topics.json.
function topicMatches(pattern, key) {
  const words = text => (text === "" ? [] : text.split("."));
  const parts = words(pattern);
  // The places in the pattern that the words so far can have led to. A `#` may stand for no word.
  const skip = places => {
    parts.forEach((part, at) => {
      if (part === "#" && places[at]) places[at + 1] = true;
    });
    return places;
  };
  const none = () => new Array(parts.length + 1).fill(false);
  let places = none();
  places[0] = true;
  skip(places);
  for (const word of words(key)) {
    const next = none();
    parts.forEach((part, at) => {
      if (!places[at]) return;
      if (part === "#") next[at] = true;
      else if (part === "*" || part === word) next[at + 1] = true;
    });
    places = skip(next);
  }
  return places[parts.length];
}

(() => {
  const place = document.getElementById("topic-tool");
  // The page for the printer has all pages in it, and nothing to press.
  if (!place || location.pathname.split("/").pop() === "print.html") return;

  const LONGEST = 255;
  const HASHES = 2;
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };

  const field = (id, label, value) => {
    const area = make("textarea", { id, value, rows: 6, spellcheck: false, autocapitalize: "off", autocomplete: "off" });
    return [make("div", { className: "hr-field" }, make("label", { htmlFor: id, textContent: label }), area), area];
  };
  const [patternsField, patterns] = field("topic-patterns", "Patterns, one a line", "kern.*\n*.critical");
  const [keysField, keys] = field(
    "topic-keys", "Routing keys, one a line", "kern.critical\nkern.info\ncron.critical\ncron.info\nkern.disk.critical\nkern");
  // Screen readers read it after each change. The table would be too long for that.
  const summary = make("p", { id: "topic-summary" });
  summary.setAttribute("role", "status");
  const notes = make("ul", { id: "topic-notes" });
  const table = make("table", { id: "topic-table" });
  const scroller = make("div", { className: "table-wrapper" }, table);
  scroller.setAttribute("role", "region");
  scroller.setAttribute("aria-label", "The keys and the patterns that they match");
  place.append(make("div", { className: "hr-fields" }, patternsField, keysField), summary, notes, scroller);

  const linesOf = area => [...new Set(area.value.split("\n").map(line => line.trim()).filter(line => line !== ""))];
  const bytes = text => new TextEncoder().encode(text).length;
  const code = text => make("code", { textContent: text });
  const head = (scope, ...children) => make("th", { scope }, ...children);

  // What a pattern or a key surely does not mean.
  const noteOn = (line, isPattern) => {
    if (bytes(line) > LONGEST) return `has ${bytes(line)} bytes, and may have ${LONGEST}.`;
    const wild = line.split(".").filter(word => /[*#]/.test(word));
    if (!isPattern) {
      return wild.length > 0 ? "is a routing key, where * and # are letters like any others." : undefined;
    }
    const hashes = wild.filter(word => word === "#").length;
    if (hashes > HASHES) return `has ${hashes} times #, and RabbitMQ 4.3 accepts at most ${HASHES}.`;
    const mixed = wild.find(word => word !== "*" && word !== "#");
    return mixed && `has the word ${mixed}, which matches only itself: * and # stand alone between dots.`;
  };

  const show = () => {
    const [asked, sent] = [linesOf(patterns), linesOf(keys)];
    const matching = sent.map(key => asked.map(pattern => topicMatches(pattern, key)));
    const taken = matching.filter(row => row.includes(true)).length;
    summary.textContent = asked.length === 0
      ? "Without a pattern, the queue gets nothing."
      : `The queue gets ${taken} of ${sent.length} ${sent.length === 1 ? "message" : "messages"}, each of them once.`;
    const found = [...asked.map(line => [line, noteOn(line, true)]), ...sent.map(line => [line, noteOn(line, false)])];
    notes.replaceChildren(...found.filter(([, note]) => note).map(([line, note]) => make("li", {}, code(line), ` ${note}`)));
    notes.hidden = notes.children.length === 0;
    table.replaceChildren(
      make("caption", { textContent: "Each pattern is a binding of the same queue." }),
      make("thead", {}, make("tr", {},
        head("col", "routing key"), head("col", "the queue"), ...asked.map(pattern => head("col", code(pattern))))),
      make("tbody", {}, ...sent.map((key, row) => make("tr", {},
        head("row", code(key)),
        make("td", { textContent: matching[row].includes(true) ? "gets it" : "–" }),
        ...matching[row].map(does => make("td", { textContent: does ? "matches" : "–" }))))));
    scroller.hidden = sent.length === 0;
    // What scrolls has to take the focus, for arrow keys to move it.
    if (scroller.scrollWidth > scroller.clientWidth) scroller.tabIndex = 0;
    else scroller.removeAttribute("tabindex");
  };
  for (const area of [patterns, keys]) area.addEventListener("input", show);
  addEventListener("resize", show);
  show();
})();
