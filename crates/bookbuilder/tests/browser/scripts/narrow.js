// What does not fit on a narrow screen.
const [width, letters] = arguments;
const faults = [];
const say = (element, text) => faults.push(`${named(element)} ${text}`);

if (innerWidth !== width) say(document.documentElement, `makes the screen ${innerWidth} px wide instead of ${width}`);
if (document.scrollingElement.scrollWidth > innerWidth)
  say(document.scrollingElement, `is ${document.scrollingElement.scrollWidth} px wide on a screen of ${innerWidth}`);

// Code and tables may scroll in a box of their own; nothing else may.
const mayScroll = element => element.matches("pre, pre > code, .table-wrapper");
for (const element of document.querySelectorAll("#mdbook-menu-bar, #mdbook-content, #mdbook-menu-bar *, main, main *")) {
  if (!shown(element) || element.closest("svg")) continue;
  if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== "visible" && !mayScroll(element))
    say(element, `has ${element.scrollWidth} px of content in ${element.clientWidth}`);
  const box = element.getBoundingClientRect();
  const inScroller = mayScroll(element.parentElement) || element.parentElement.closest("pre, .table-wrapper");
  if (!inScroller && (box.right > innerWidth + 0.5 || box.left < -0.5))
    say(element, `reaches from ${box.left.toFixed(1)} to ${box.right.toFixed(1)} on a screen of ${innerWidth} px`);
}

for (const text of document.querySelectorAll("main svg text")) {
  const box = text.getBoundingClientRect();
  const frame = text.ownerSVGElement.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
  if (size < letters) say(text, `has letters of ${size.toFixed(1)} px, not ${letters}`);
  if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5 || box.top < frame.top - 0.5 || box.bottom > frame.bottom + 0.5)
    say(text, "reaches beyond its picture");
}
return faults;
