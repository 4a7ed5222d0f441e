// The twin of websocket_connect.py for Bun and Deno: `websocket_connect.mjs - URL COUNT`.
import process from "node:process";

const [url, count] = [process.argv[3], Number(process.argv[4])];
const openAndClose = () =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(url);
    ws.onopen = () => ws.close();
    ws.onclose = resolve;
    ws.onerror = reject;
  });

await openAndClose();
const started = performance.now();
for (let i = 0; i < count; i++) await openAndClose();
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1e3 }));
process.exit(0);
