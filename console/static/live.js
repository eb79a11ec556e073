// Rows that change arrive ready-made from /live and take their place in the tables that show their kind.
import { showTimes } from "./times.js";

const page = document.querySelector("[data-feed]");
const state = document.querySelector("[data-live-state]");
const pause = document.querySelector("[data-pause]");
const fresh = 60_000;
let last = page?.dataset.feed;
let source = null;
let held = [];

function tell(text, cut) {
  state.hidden = false;
  state.textContent = text;
  state.classList.toggle("cut", cut);
}

function place(body, row) {
  const sign = body.dataset.sort === "descending" ? -1 : 1;
  const order = Number(row.dataset.order);
  const next = [...body.rows].find((other) => sign * (Number(other.dataset.order) - order) > 0);
  body.insertBefore(row, next ?? body.querySelector(".empty"));
  const rows = [...body.rows].filter((other) => !other.classList.contains("empty"));
  for (const extra of rows.slice(Number(body.dataset.most))) extra.remove();
}

function apply({ kind, html }) {
  for (const body of document.querySelectorAll(`tbody[data-live="${kind}"]`)) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const row = template.content.querySelector("tr");
    const old = document.getElementById(row.id);
    old?.remove();
    if (body.dataset.keep === "open" && row.dataset.open !== "yes") continue;
    for (const back of row.querySelectorAll("input[name=back]")) back.value = location.pathname + location.search;
    showTimes(row);
    row.classList.add("fresh");
    setTimeout(() => row.classList.remove("fresh"), fresh);
    place(body, row);
  }
}

function isHeld() {
  const body = document.activeElement?.closest("tbody[data-live]");
  return pause?.ariaPressed === "true" || body != null;
}

function settle() {
  if (!isHeld()) for (const change of held.splice(0)) apply(change);
  if (pause) pause.textContent = pause.ariaPressed === "true" ? `Resume (${held.length} new)` : "Pause";
}

function take(kind) {
  return (event) => {
    last = event.lastEventId;
    held.push({ kind, html: event.data });
    settle();
  };
}

function open() {
  source = new EventSource(`/live?after=${encodeURIComponent(last)}`);
  source.onopen = () => tell("Live", false);
  source.onerror = () => tell("Not live: reload to see changes", true);
  source.addEventListener("alarm", take("alarm"));
  source.addEventListener("ticket", take("ticket"));
  source.addEventListener("gone", (event) => {
    last = event.lastEventId;
    document.getElementById(event.data)?.remove();
  });
}

if (page) {
  // A hidden tab gives its connection back: a browser opens only six to one server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (source === null) open();
  });
  document.addEventListener("focusout", () => setTimeout(settle));
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", () => {
      pause.ariaPressed = pause.ariaPressed === "true" ? "false" : "true";
      settle();
    });
  }
  if (!document.hidden) open();
}
