// What is wider than the page. What matches the selector may scroll sideways in its own box.
const [width, scrolls] = arguments;
const faults = [];
if (innerWidth !== width) faults.push(`the page makes the screen ${innerWidth} px wide instead of ${width}`);
const page = document.scrollingElement;
if (page.scrollWidth > innerWidth) faults.push(`the page is ${page.scrollWidth} px wide on a screen of ${innerWidth}`);
for (const element of document.querySelectorAll("main *")) {
  if (!shown(element) || scrolls && element.closest(scrolls)?.contains(element) && !element.matches(scrolls)) continue;
  const { left, right } = element.getBoundingClientRect();
  if (left < -0.5 || right > innerWidth + 0.5) faults.push(`${named(element)} reaches from ${left.toFixed(1)} to ${right.toFixed(1)}`);
  if (!(scrolls && element.matches(scrolls)) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
    faults.push(`${named(element)} has ${element.scrollWidth} px of content in ${element.clientWidth}`);
}
return faults;
