// Zoom and pan: every range is asked of the server, which draws it from readings or roll-ups. The links above the charts do
// the same without this script.
import { showTimes } from "./times.js";

const box = document.querySelector("[data-charts]");
const SMALLEST_DRAG = 6;
const AGAIN = 10_000;
let asking = null;
let exact = null; // the numbers of the range that is shown, fetched when somebody points at a chart
let drag = null;

const drawn = () => box.querySelector("[data-drawn]");
const range = () => [Date.parse(drawn().dataset.since), Date.parse(drawn().dataset.until)];

async function show(search, remember) {
  asking?.abort();
  asking = new AbortController();
  box.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(box.dataset.charts + search, { signal: asking.signal });
    if (answer.redirected || !answer.ok) throw new Error(`answer ${answer.status}`);
    const focused = document.activeElement?.dataset?.step;
    box.innerHTML = await answer.text();
    exact = null;
    showTimes(box);
    if (focused) box.querySelector(`[data-step="${focused}"]`)?.focus();
    if (remember) history.pushState(null, "", location.pathname + search);
    box.removeAttribute("aria-busy");
  } catch (problem) {
    if (problem.name === "AbortError") return;
    if (remember) location.assign(location.pathname + search); // the page itself says what is wrong
  }
}

function ask(since, until) {
  const search = new URLSearchParams();
  for (const name of new URLSearchParams(location.search).getAll("channel")) search.append("channel", name);
  search.set("since", new Date(since).toISOString());
  search.set("until", new Date(until).toISOString());
  return show(`?${search}`, true);
}

function timeAt(svg, clientX) {
  const frame = svg.getBoundingClientRect();
  const at = ((clientX - frame.left) / frame.width) * svg.viewBox.baseVal.width;
  const { left, right } = svg.dataset;
  const share = Math.min(Math.max((at - left) / (right - left), 0), 1);
  const [since, until] = range();
  return { x: Number(left) + share * (right - left), time: since + share * (until - since) };
}

function rectangle(svg, from, to) {
  const mark = svg.querySelector(".chosen") ?? document.createElementNS(svg.namespaceURI, "rect");
  mark.setAttribute("class", "chosen");
  mark.setAttribute("x", Math.min(from, to));
  mark.setAttribute("width", Math.abs(to - from));
  mark.setAttribute("y", svg.dataset.top);
  mark.setAttribute("height", svg.dataset.bottom - svg.dataset.top);
  svg.append(mark);
}

async function numbers() {
  if (exact === null) {
    const [since, until] = range();
    const search = new URLSearchParams({ since: new Date(since).toISOString(), until: new Date(until).toISOString() });
    search.set("points", drawn().classList.contains("stacked") ? "480" : "240");
    search.set("channels", [...drawn().querySelectorAll("[data-channel]")].map((one) => one.dataset.channel).join(","));
    exact = fetch(`${box.dataset.telemetry}?${search}`)
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((found) => found && { ts: found.ts.map(Date.parse), of: Object.fromEntries(found.channels.map((c) => [c.name, c])) })
      .catch(() => null);
  }
  return exact;
}

async function read(svg, clientX) {
  if (!drawn()?.contains(svg)) return;
  const { time } = timeAt(svg, clientX);
  const shown = drawn();
  const found = await numbers();
  if (!found?.ts.length || shown !== drawn()) return;
  let nearest = found.ts.findIndex((ts) => ts >= time);
  if (nearest < 0) nearest = found.ts.length - 1;
  if (nearest > 0 && time - found.ts[nearest - 1] < found.ts[nearest] - time) nearest -= 1;
  const [since, until] = range();
  for (const figure of shown.querySelectorAll("[data-channel]")) {
    const value = figure.querySelector("[data-value]");
    const chart = figure.querySelector("svg.chart");
    const mean = found.of[figure.dataset.channel]?.mean[nearest];
    if (!value || !chart) continue;
    value.dataset.last ??= value.textContent;
    value.textContent = mean == null ? "none" : `${Number(mean.toPrecision(5))} at ${momentOf(found.ts[nearest])}`;
    const { left, right, top, bottom } = chart.dataset;
    const x = Number(left) + ((found.ts[nearest] - since) / (until - since)) * (right - left);
    const hair = chart.querySelector(".hair") ?? document.createElementNS(chart.namespaceURI, "line");
    for (const [name, at] of Object.entries({ class: "hair", x1: x, x2: x, y1: top, y2: bottom })) hair.setAttribute(name, at);
    chart.append(hair);
  }
}

function momentOf(ts) {
  const time = document.createElement("time");
  time.dateTime = new Date(ts).toISOString();
  const span = document.createElement("span");
  span.append(time);
  showTimes(span, true);
  return time.textContent;
}

function forget() {
  for (const value of box.querySelectorAll("[data-value][data-last]")) value.textContent = value.dataset.last;
  for (const hair of box.querySelectorAll(".hair")) hair.remove();
}

function press(event) {
  const svg = event.target.closest?.("svg.chart[data-left]");
  if (!svg || event.button !== 0 || event.target.closest("a")) return;
  drag = { svg, from: event.clientX, begin: timeAt(svg, event.clientX) };
  svg.setPointerCapture(event.pointerId);
}

function move(event) {
  const svg = event.target.closest?.("svg.chart[data-left]");
  if (drag) rectangle(drag.svg, drag.begin.x, timeAt(drag.svg, event.clientX).x);
  else if (svg) read(svg, event.clientX);
  else forget();
}

function release(event) {
  if (!drag) return;
  const { svg, from, begin } = drag;
  drag = null;
  svg.querySelector(".chosen")?.remove();
  if (event.type === "pointerup" && Math.abs(event.clientX - from) >= SMALLEST_DRAG) {
    const ends = [begin.time, timeAt(svg, event.clientX).time].sort((a, b) => a - b);
    if (ends[1] - ends[0] >= 10_000) ask(...ends);
  }
}

const STEPS = { ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "wider" };

function key(event) {
  if (event.target !== box || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = event.key === "0" ? box.querySelector('[href$="span=7d"]') : box.querySelector(`[data-step="${STEPS[event.key]}"]`);
  if (!link) return;
  event.preventDefault();
  show(new URL(link.href).search, true);
}

function wheel(event) {
  const svg = event.target.closest?.("svg.chart[data-left]");
  if (!svg || !event.shiftKey) return; // the wheel alone scrolls the page
  event.preventDefault();
  const { time } = timeAt(svg, event.clientX);
  const [since, until] = range();
  const factor = (event.deltaY || event.deltaX) > 0 ? 1.5 : 1 / 1.5;
  ask(time - (time - since) * factor, time + (until - time) * factor);
}

if (box) {
  box.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-window]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    show(new URL(link.href).search, true);
  });
  box.addEventListener("pointerdown", press);
  box.addEventListener("pointermove", move);
  box.addEventListener("pointerup", release);
  box.addEventListener("pointercancel", release);
  box.addEventListener("pointerleave", forget);
  box.addEventListener("keydown", key);
  box.addEventListener("wheel", wheel, { passive: false });
  addEventListener("popstate", () => show(location.search, false));
  // A window that ends with the newest reading goes along with it.
  setInterval(() => {
    const open = new URLSearchParams(location.search);
    const [since, until] = drawn() ? range() : [0, 0];
    const due = performance.now() - (box.drawnAt ?? 0) >= Math.max(AGAIN, (until - since) / 240);
    if (document.hidden || drag || open.has("since") || !due || box.matches(":hover, :focus-within")) return;
    box.drawnAt = performance.now();
    show(location.search, false);
  }, AGAIN);
}
