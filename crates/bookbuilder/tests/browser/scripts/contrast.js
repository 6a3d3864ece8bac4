// Compares each colour on the page with what is painted behind it.
const TEXT = 4.5;
const LINE = 3;
const faults = new Set();

// ── Colours: [red, green, blue, opacity], the first three of 255.

const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const known = new Map();

// However the style names a colour, a pixel has it.
function pixel(colour) {
  if (!known.has(colour)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(colour, [red, green, blue, alpha / 255]);
  }
  return known.get(colour);
}

const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const faded = (colour, opacity) => [...colour.slice(0, 3), colour[3] * opacity];
const hex = colour => `#${colour.slice(0, 3).map(part => Math.round(part).toString(16).padStart(2, "0")).join("")}`;

// Relative luminance and contrast ratio, as WCAG 2.1 defines them.
function luminance(colour) {
  const [red, green, blue] = colour.map(part => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

// ── What is behind an element.

function behind(element) {
  const layers = [];
  for (let next = element; next; next = next.parentElement) {
    const layer = pixel(getComputedStyle(next).backgroundColor);
    if (layer[3] > 0) layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
}

function opacity(element) {
  let product = 1;
  for (let next = element; next; next = next.parentElement) product *= getComputedStyle(next).opacity;
  return product;
}

function demand(least, element, what, colour, ground) {
  const seen = over(faded(colour, opacity(element)), ground);
  const ratio = contrast(seen, ground);
  if (ratio < least)
    faults.add(`${what} ${named(element)}: ${hex(seen)} on ${hex(ground)} is ${ratio.toFixed(2)}:1, not ${least}:1`);
}

// ── Pictures: shapes are painted in their order, so that earlier ones are behind later ones.

const SHAPES = "path, rect, circle, ellipse, line, polyline, polygon";
const isPainted = shape => !shape.closest("defs, marker, symbol, clipPath, mask") && shape.checkVisibility();
const paint = (style, property) => ["none", "context-stroke", "context-fill"].includes(style[property])
  ? null : faded(pixel(style[property]), style[`${property}Opacity`]);

function ground(shapes, before, x, y) {
  let colour = behind(before.ownerSVGElement);
  for (const shape of shapes) {
    if (!(shape.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
    const fill = paint(getComputedStyle(shape), "fill");
    const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
    if (fill && shape.localName !== "line" && shape.isPointInFill(point)) colour = over(faded(fill, opacity(shape)), colour);
  }
  return colour;
}

function along(shape) {
  const length = shape.getTotalLength();
  return [0, 0.25, 0.5, 0.75, 1].map(share => shape.getPointAtLength(length * share).matrixTransform(shape.getScreenCTM()));
}

for (const picture of document.querySelectorAll("main svg")) {
  if (!shown(picture) || picture.closest(".fa-svg")) continue;
  const shapes = [...picture.querySelectorAll(SHAPES)].filter(isPainted);
  for (const shape of shapes) {
    const style = getComputedStyle(shape);
    const [fill, stroke] = [paint(style, "fill"), parseFloat(style.strokeWidth) > 0 ? paint(style, "stroke") : null];
    // A shape without a stroke is recognised by its fill.
    const [what, colour] = stroke?.[3] ? ["the line of", stroke] : ["the shape", fill];
    if (!colour?.[3]) continue;
    for (const { x, y } of along(shape)) demand(LINE, shape, what, colour, ground(shapes, shape, x, y));
  }
  for (const head of picture.querySelectorAll("marker *")) {
    const fill = head.matches(SHAPES) && paint(getComputedStyle(head), "fill");
    if (fill) demand(LINE, head, "the arrow head", fill, behind(picture));
  }
}

// ── Text, in and out of pictures.

const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const range = document.createRange();
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || element.closest("script, style, noscript, title, desc, template") || !shown(element)) continue;
  const style = getComputedStyle(element);
  const picture = element.closest("svg");
  if (!picture) {
    demand(TEXT, element, "the text", pixel(style.color), behind(element));
    continue;
  }
  range.selectNodeContents(walker.currentNode);
  const { left, right, top, bottom } = range.getBoundingClientRect();
  const shapes = [...picture.querySelectorAll(SHAPES)].filter(isPainted);
  for (const x of [left + 1, (left + right) / 2, right - 1])
    demand(TEXT, element, "the text", paint(style, "fill"), ground(shapes, element, x, (top + bottom) / 2));
}
for (const box of document.querySelectorAll("input")) {
  if (shown(box)) demand(TEXT, box, "the hint in", pixel(getComputedStyle(box, "::placeholder").color), behind(box));
}

// ── Icons, and the edges of what can be pressed.

for (const icon of document.querySelectorAll(".fa-svg svg")) {
  if (shown(icon)) demand(LINE, icon.closest("a, button, label") ?? icon, "the icon of", pixel(getComputedStyle(icon).fill), behind(icon));
}
for (const button of document.querySelectorAll(".clip-button")) {
  const style = getComputedStyle(button, "::before");
  if (button.checkVisibility()) {
    const bare = [button.closest("pre"), pixel(style.backgroundColor), behind(button)];
    if (contrast(over(bare[1], bare[2]), bare[2]) < LINE)
      faults.add(`the icon of <button.clip-button>: ${hex(bare[1])} on ${hex(bare[2])} is less than ${LINE}:1`);
  }
}
return [...faults];
