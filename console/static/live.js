// Rows that change arrive ready-made and take their place in the tables that show their kind.
import { announce } from "./sound.js";
import { Stream } from "./stream.js";
import { showTimes } from "./times.js";

const page = document.querySelector("[data-feed]");
const state = document.querySelector("[data-live-state]");
const pause = document.querySelector("[data-pause]");
const STATES = {
  live: "Live",
  cut: "Not live: connecting again. The page can be used, reload it to see changes",
  "signed-out": "Not live: you are signed out. Reload to sign in",
};
const fresh = 60_000;
let last = page?.dataset.feed;
let follower = null;
let held = [];

function tell(name) {
  if (!state) return;
  state.hidden = false;
  state.textContent = STATES[name];
  state.classList.toggle("cut", name !== "live");
}

function place(body, row) {
  const sign = body.dataset.sort === "descending" ? -1 : 1;
  const order = Number(row.dataset.order);
  const next = [...body.rows].find((other) => sign * (Number(other.dataset.order) - order) > 0);
  body.insertBefore(row, next ?? body.querySelector(".empty"));
  const rows = [...body.rows].filter((other) => !other.classList.contains("empty"));
  for (const extra of rows.slice(Number(body.dataset.most))) extra.remove();
}

function belongs(body, row) {
  const where = JSON.parse(body.dataset.where ?? "{}");
  return row.dataset.views.split(" ").includes(body.dataset.view) && Object.entries(where).every(([name, value]) => row.dataset[name] === value);
}

function apply({ kind, data }) {
  if (kind === "gone") document.getElementById(data)?.remove();
  for (const body of document.querySelectorAll(`tbody[data-live="${kind}"]`)) {
    const template = document.createElement("template");
    template.innerHTML = data;
    const row = template.content.querySelector("tr");
    const old = document.getElementById(row.id);
    const isTicked = old?.querySelector(".choose input")?.checked;
    old?.remove();
    if (!belongs(body, row)) continue;
    const tick = row.querySelector(".choose input");
    if (tick) tick.checked = isTicked ?? false;
    for (const back of row.querySelectorAll("input[name=back]")) back.value = location.pathname + location.search;
    showTimes(row);
    row.classList.add("fresh");
    setTimeout(() => row.classList.remove("fresh"), fresh);
    place(body, row);
    if (!old) announce(row);
  }
}

function isHeld() {
  const body = document.activeElement?.closest("tbody[data-live]");
  return pause?.ariaPressed === "true" || body != null;
}

function settle() {
  if (!isHeld()) for (const change of held.splice(0)) apply(change);
  if (!pause) return;
  if (pause.ariaPressed === "true") pause.textContent = `Resume (${held.length} new)`;
  else pause.textContent = held.length ? `Pause (${held.length} wait while you are in the list)` : "Pause";
}

function take(change) {
  if (change.id <= last) return;
  last = change.id;
  held.push(change);
  settle();
}

/** By the worker that all tabs share, or by a connection of this tab where there is no such worker. */
function follow() {
  if (!("SharedWorker" in window)) return new Stream(last, take, tell);
  const { port } = new SharedWorker("/static/feed-worker.js", { type: "module", name: "feed" });
  port.onmessage = ({ data }) => (data.change ? take(data.change) : tell(data.state));
  port.postMessage({ after: last });
  return { close: () => port.postMessage({ leave: true }) };
}

if (page) {
  document.addEventListener("focusout", () => setTimeout(settle));
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      pause.ariaPressed = pause.ariaPressed === "true" ? "false" : "true";
      settle();
    });
  }
  addEventListener("pagehide", () => {
    follower?.close();
    follower = null;
  });
  addEventListener("pageshow", () => (follower ??= follow()));
  if (document.readyState === "complete") follower ??= follow();
}
