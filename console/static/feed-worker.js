// Holds the one connection to the feed for all tabs of this browser, which opens only six to one server. A tab says after
// which change its page was made, and is given every later one once.
import { Stream } from "./stream.js";

const KEPT = 500;
const tabs = new Map(); // port to the last change it was given
let stream = null;
let recent = [];
let begin = 0; // everything after this change is in `recent`

function give(port, change) {
  if (change.id <= tabs.get(port)) return;
  tabs.set(port, change.id);
  port.postMessage({ change });
}

function take(change) {
  recent.push(change);
  if (recent.length > KEPT) begin = recent.shift().id;
  for (const port of tabs.keys()) give(port, change);
}

function tell(state) {
  for (const port of tabs.keys()) port.postMessage({ state });
}

function join(port, after) {
  tabs.set(port, after);
  if (stream && after >= begin) {
    if (stream.state) port.postMessage({ state: stream.state });
    for (const change of recent) give(port, change);
    return;
  }
  stream?.close(); // from further back; what the other tabs were given already they are not given again
  recent = [];
  begin = after;
  stream = new Stream(after, take, tell);
}

function leave(port) {
  tabs.delete(port);
  if (tabs.size > 0) return;
  stream?.close();
  stream = null;
}

self.addEventListener("connect", ({ ports: [port] }) => {
  port.addEventListener("message", ({ data }) => ("after" in data ? join(port, Number(data.after)) : leave(port)));
  port.start();
});
