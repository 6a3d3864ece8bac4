// Runs axe-core, which is in the page already; lists what it finds.
const [onlyColours] = arguments;
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
const runOnly = onlyColours
  ? { type: "rule", values: ["color-contrast", "link-in-text-block"] }
  : { type: "tag", values: tags };
const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
return violations.flatMap(({ id, help, nodes }) => nodes
  .map(({ target, any, all, none }) => {
    const why = [...any, ...all, ...none].map(check => check.message).join("; ");
    return `${id} (${help}): ${target.join(" ")}: ${why}`;
  }));
