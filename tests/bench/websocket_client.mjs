// The twin of websocket_client.py for Bun and Deno: `websocket_client.mjs - URL ROUND_TRIPS LARGE`.
import process from "node:process";

const [url, roundTrips, large] = [process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const WINDOW = 16;

const ws = new WebSocket(url);
ws.binaryType = "arraybuffer";
await new Promise((resolve, reject) => ((ws.onopen = resolve), (ws.onerror = reject)));
let resolve;
ws.onmessage = (event) => resolve(event.data);
const exchange = (message) => new Promise((done) => ((resolve = done), ws.send(message)));

const message = "x".repeat(64);
for (let i = 0; i < roundTrips / 10; i++) await exchange(message);
const times = [];
let used = process.cpuUsage();
for (let i = 0; i < roundTrips; i++) {
  const started = performance.now();
  await exchange(message);
  times.push((performance.now() - started) / 1e3);
}
used = process.cpuUsage(used);

const data = new Uint8Array(65536).map((_, i) => i & 255);
const started = performance.now();
for (let i = 0; i < Math.floor(large / WINDOW); i++) {
  let left = WINDOW;
  await new Promise((done) => {
    resolve = () => --left || done();
    for (let j = 0; j < WINDOW; j++) ws.send(data);
  });
}
const took = (performance.now() - started) / 1e3;
times.sort((a, b) => a - b);
console.log(JSON.stringify({
  round_trip: times[Math.floor(times.length / 2)],
  cpu: (used.user + used.system) / 1e6 / roundTrips,
  throughput: Math.floor(large / WINDOW) * WINDOW / 16 / took,
}));
ws.close();
process.exit(0);
