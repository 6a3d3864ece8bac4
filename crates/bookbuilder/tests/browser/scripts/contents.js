// What a page has to have on paper, too.
const words = element => element.textContent.trim().replace(/\s+/g, " ");
return [
  ...[...document.querySelectorAll("main h1")].map(heading => `heading “${words(heading)}”`),
  ...[...document.querySelectorAll("main figure svg")].map(picture => `picture “${words(picture)}”`),
  ...[...document.querySelectorAll("main pre > code")].map(code => `listing “${words(code)}”`),
  ...[...document.querySelectorAll("main details")].map(details => `details “${words(details)}”`),
];
