// Looks at what has the focus after a Tab: {end} when it has come around, {fault} when it can't be seen.
const element = document.activeElement;
if (element === document.body || element === document.documentElement || hr_reached.has(element)) {
  // After the last element comes the browser's own frame, or the first again: anything else is a trap.
  const around = [document.body, document.documentElement, hr_reached.values().next().value].includes(element);
  return around ? { end: true } : { end: true, fault: `Tab is caught at ${named(element)}` };
}
hr_reached.add(element);
const style = getComputedStyle(element);
const box = element.getClientRects()[0];
const fault = text => ({ fault: `${named(element)} ${text}` });
if (!box) return fault("has the focus, and is nowhere");
if (!shown(element)) return fault("has the focus, and can't be seen");
if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) return fault("has the focus, and no mark of it");
const [x, y] = [(Math.max(0, box.left) + Math.min(innerWidth, box.right)) / 2, (Math.max(0, box.top) + Math.min(innerHeight, box.bottom)) / 2];
const top = document.elementFromPoint(x, y);
if (!top || !(element.contains(top) || top.contains(element)))
  return fault(`has the focus, and is ${top ? `behind ${named(top)}` : "out of sight"} at ${x.toFixed(0)}, ${y.toFixed(0)}`);
return {};
