// Lists what Tab has to reach; returns how many they are. Menus that are closed are not asked about.
const interactive = "a[href], button, input, select, textarea, summary, [tabindex]:not([tabindex='-1'])";
const isThere = element => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
const scrolls = element => {
  const { overflowX, overflowY } = getComputedStyle(element);
  return /auto|scroll/.test(overflowX) && element.scrollWidth > element.clientWidth + 1
    || /auto|scroll/.test(overflowY) && element.scrollHeight > element.clientHeight + 1;
};
// Copy buttons are seen only while the mouse is there, or the focus.
const buttons = [...document.querySelectorAll(".clip-button")].filter(button => button.checkVisibility());
const all = [...document.querySelectorAll(interactive)].filter(isThere);
const scrollers = [...document.body.querySelectorAll("*")].filter(element =>
  isThere(element) && scrolls(element) && !element.querySelector(interactive));
window.hr_focus = [...new Set([...all, ...buttons, ...scrollers])];
window.hr_reached = new Set();
document.activeElement.blur();
return hr_focus.length;
