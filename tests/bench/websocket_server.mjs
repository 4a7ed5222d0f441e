// The twin of websocket_server.py for Bun and Deno.
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

// Serves over TLS if there is a certificate and its key.
const [cert, key] = process.argv.slice(3).map((path) => readFileSync(path, "utf8"));
const sockets = new Set();
let port;
if (globalThis.Bun) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: cert && { cert, key },
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(null, { status: 400 })),
    websocket: {
      idleTimeout: 0,
      open: (ws) => void sockets.add(ws),
      close: (ws) => void sockets.delete(ws),
      message: (ws, message) => void ws.send(message),
    },
  });
  port = server.port;
} else {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {}, ...(cert && { cert, key }) }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
    socket.onopen = () => sockets.add(socket);
    socket.onclose = () => sockets.delete(socket);
    socket.onmessage = (event) => socket.send(event.data);
    return response;
  });
  port = server.addr.port;
}
console.log(port);
for await (const order of createInterface({ input: process.stdin })) {
  const started = performance.now();
  let seconds;
  if (order === "broadcast") {
    for (const socket of sockets) socket.send("x".repeat(64));
    seconds = (performance.now() - started) / 1e3;
  } else {
    const used = process.cpuUsage();
    seconds = (used.user + used.system) / 1e6;
  }
  console.log(JSON.stringify({ seconds }));
}
process.exit(0);
