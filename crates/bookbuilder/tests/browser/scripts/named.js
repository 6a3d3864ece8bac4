// What other scripts share: a name for an element that a person finds it by, and whether it is shown.
function named(element) {
  const classes = [...element.classList].slice(0, 3).map(name => `.${name}`).join("");
  const id = element.id && !/\d/.test(element.id) ? `#${element.id}` : "";
  const words = (element.getAttribute("aria-label") || element.textContent || "").trim().replace(/\s+/g, " ");
  const parent = element.parentElement ? `${element.parentElement.localName} > ` : "";
  return `<${parent}${element.localName}${id}${classes}>${words && words.length < 60 ? ` “${words}”` : ""}`;
}

function shown(element) {
  if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && box.height > 0;
}
