// What the benchmark has a runtime of JavaScript start for: nothing.
