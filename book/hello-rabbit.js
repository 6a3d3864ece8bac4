// What mdBook's pages lack, and no style sheet can give them: folds that are remembered, and help for people without a mouse
// or without sight.
"use strict";

(() => {
  // mdBook opens the table of contents by a label, which no key reaches and no screen reader explains. This button clicks it.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const contents = document.getElementById("mdbook-sidebar");
  const button = document.createElement("button");
  for (const name of ["class", "title", "aria-label", "aria-controls"]) button.setAttribute(name, label.getAttribute(name));
  button.id = "contents-toggle";
  button.type = "button";
  button.append(...label.childNodes);
  label.hidden = true;
  label.after(button);

  const isOpen = () => document.documentElement.classList.contains("sidebar-visible");
  const tell = () => button.setAttribute("aria-expanded", isOpen());
  tell();
  new MutationObserver(tell).observe(document.documentElement, { attributeFilter: ["class"] });
  button.addEventListener("click", event => {
    label.click();
    // The contents come before their button; who opened them with a key (which clicks no number of times) wants to go there.
    if (isOpen() && event.detail === 0) (contents.querySelector("a.active") ?? contents.querySelector("a")).focus();
  });

  // Of a terminal's session, what is copied is what was typed: neither the prompts nor what came back.
  const textOf = window.playground_text;
  window.playground_text = (block, ...rest) => {
    const text = textOf(block, ...rest);
    const typed = text.split("\n").filter(line => line.startsWith("$ ")).map(line => line.slice(2));
    return block.querySelector("code.language-console") && typed.length > 0 ? typed.join("\n") : text;
  };

  // Screen readers jump from landmark to landmark, and the menu bar is in none.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");

  // What scrolls has to take the focus, for arrow keys to move it. Not all browsers see to that.
  const sized = new ResizeObserver(boxes => {
    for (const { target } of boxes) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll("main pre > code, main .table-wrapper")) sized.observe(box);

  // ── Listings of the lessons are behind folds, for readers who try first. In the page itself they are open, so that they are
  // there without this script. Here they are closed, except those that the reader opened: each page remembers them by the
  // headings above them. The page for the printer has all open.
  const page = location.pathname.split("/").pop();
  const key = `hello-rabbit-shown-${page}`;

  // Where a browser keeps nothing, as some do for files, nothing is remembered.
  const remembered = () => {
    try {
      return new Set(JSON.parse(localStorage.getItem(key)));
    } catch {
      return new Set();
    }
  };
  const remember = shown => {
    try {
      localStorage.setItem(key, JSON.stringify([...shown]));
    } catch { /* see above */ }
  };

  const heading = element => {
    for (let above = element; above; above = above.previousElementSibling) if (/^H[1-6]$/.test(above.tagName)) return above.id;
    return "";
  };

  for (const fold of page === "print.html" ? [] : document.querySelectorAll("main details.hr-show")) {
    const name = heading(fold);
    fold.open = remembered().has(name);
    // A click is the reader's, or Enter or the space bar; what a search or the printer opens is not remembered.
    fold.querySelector("summary").addEventListener("click", () => {
      const shown = remembered();
      if (fold.open) shown.delete(name);
      else shown.add(name);
      remember(shown);
    });
  }

  // What a search found is there to be seen.
  for (const found of document.querySelectorAll("main details mark")) found.closest("details").open = true;

  // On paper all is open, in browsers whose style sheets can't open it, too.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("main details:not([open])")];
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
    opened = [];
  });
})();
