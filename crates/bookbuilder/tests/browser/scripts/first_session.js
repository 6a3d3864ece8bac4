(() => {
  // Names the copy button of the page's first terminal session; says what the session is.
  const code = document.querySelector("main code.language-console");
  code.closest("pre").querySelector(".clip-button").id = "the-button";
  return code.textContent;
})()
