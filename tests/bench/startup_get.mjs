// What the benchmark has a runtime of JavaScript do: one GET of the URL it is given.
await (await fetch(process.argv.at(-1))).json();
