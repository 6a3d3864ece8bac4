// Resolves to true as soon as an expression is true, and to false after ten seconds.
const [expression] = arguments;
const condition = new Function(`return ${expression}`);
const deadline = performance.now() + 10_000;
return new Promise(resolve => {
  const ask = () => {
    if (condition()) resolve(true);
    else if (performance.now() > deadline) resolve(false);
    else requestAnimationFrame(ask);
  };
  ask();
});
