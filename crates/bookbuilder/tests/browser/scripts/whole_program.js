(() => {
  // Names the copy button of the last Rust program in the section `whole-program`; says whether there is one.
  const heading = document.getElementById("whole-program");
  let last = null;
  for (let next = heading?.nextElementSibling; next && !(next.tagName <= heading.tagName && /^H\d$/.test(next.tagName)); next = next.nextElementSibling) {
    last = [...next.parentElement.querySelectorAll("pre > code.language-rust")].filter(code => next.contains(code)).at(-1) ?? last;
  }
  const button = last?.closest("pre").querySelector(".clip-button");
  if (button) {
    button.id = "the-button";
    last.closest("details").open = true;
  }
  return Boolean(button);
})()
