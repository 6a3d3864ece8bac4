// What a page shows on paper and should not, or the other way round.
const faults = [];
for (const element of document.querySelectorAll("#mdbook-sidebar, #mdbook-menu-bar, #mdbook-search-wrapper, nav, button, .buttons"))
  if (shown(element)) faults.push(`${named(element)} is shown`);
for (const details of document.querySelectorAll("main details"))
  for (const child of details.children) {
    // "Show it" says nothing where it can't be pressed.
    const isShown = !child.matches(".hr-show > summary");
    if (shown(child) !== isShown) faults.push(`${named(child)} in ${named(details)} is ${isShown ? "not " : ""}shown`);
  }
const bright = getComputedStyle(document.documentElement).backgroundColor;
if (bright !== "rgb(255, 255, 255)") faults.push(`the paper is ${bright}`);
for (const code of document.querySelectorAll("main pre, main pre > code"))
  if (code.scrollWidth > code.clientWidth + 1) faults.push(`${named(code)} is cut: ${code.scrollWidth} px in ${code.clientWidth}`);
return faults;
