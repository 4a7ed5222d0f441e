// A WebSocket peer on Bun, Deno or Node with the `ws` package: `peer.mjs server`, or `peer.mjs client URI`.
//
// The server prints its port and echoes until it is ended. The client sends what `messages` holds, prints `ok`
// when all of it came back, and closes with code 4000.
import process from "node:process";

const [role, uri] = process.argv.slice(2);
const messages = ["text", "ʹ héllo ☕", "", new Uint8Array([0, 1, 254, 255]), "x".repeat(70000), new Uint8Array(300000).fill(7)];
const ws = globalThis.Bun || globalThis.Deno ? null : await import("ws");

const text = (data) => (typeof data === "string" ? data : Array.from(new Uint8Array(data)).join());

if (role === "server") {
  if (globalThis.Bun) {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(null, { status: 400 })),
      websocket: { perMessageDeflate: true, message: (socket, message) => void socket.send(message, true) },
    });
    console.log(server.port);
  } else if (globalThis.Deno) {
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = (event) => socket.send(event.data);
      return response;
    });
    console.log(server.addr.port);
  } else {
    const server = new ws.WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
    server.on("connection", (socket) =>
      socket.on("message", (data, binary) => socket.send(data, { binary, fin: true })));
    server.on("listening", () => console.log(server.address().port));
  }
} else {
  const socket = new (ws ? ws.WebSocket : WebSocket)(uri);
  socket.binaryType = "arraybuffer";
  let next = 0;
  socket.onopen = () => socket.send(messages[0]);
  socket.onmessage = (event) => {
    if (text(event.data) !== text(messages[next])) {
      console.log("message", next, "came back as something else");
      process.exit(1);
    }
    next += 1;
    if (next < messages.length) return socket.send(messages[next]);
    socket.close(4000, "done");
  };
  socket.onclose = (event) => {
    console.log(next === messages.length ? "ok" : `closed after ${next}: ${event.code}`);
    process.exit(0);
  };
}
