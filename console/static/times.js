// Times are rendered in UTC; the viewer may read them in their own zone instead.
const toggle = document.querySelector("[data-zone-toggle]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const SECONDS = { dateStyle: "short", timeStyle: "medium" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };
const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
const utc = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: "UTC" });
let wantsLocal = localStorage.getItem("zone") === "local";

function formatted(moment, options) {
  return new Intl.DateTimeFormat("sv-SE", wantsLocal ? options : { ...options, timeZone: "UTC" }).format(new Date(moment));
}

export function showTimes(root, exact = false) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const place = time.querySelector("[data-instant]") ?? time;
    const wanted = exact || "exact" in time.dataset;
    place.textContent = wanted
      ? formatted(time.dateTime, SECONDS)
      : (wantsLocal ? local : utc).format(new Date(time.dateTime));
  }
  for (const tick of root.querySelectorAll("text[data-clock]")) {
    const seconds = tick.textContent.length > 5 ? { second: "2-digit" } : {};
    tick.textContent = formatted(tick.dataset.clock, { ...CLOCK, ...seconds });
  }
}

// A time is shown and typed in the zone that is shown, and sent as the instant that it is.
const FIELDS = "input[type=datetime-local]";

function showFields(wasLocal, fields) {
  for (const field of fields) {
    if (!field.value) continue;
    const moment = new Date(wasLocal ? field.value : `${field.value}Z`);
    field.value = (wantsLocal ? local : utc).format(moment).replace(" ", "T");
  }
}

document.addEventListener("formdata", (event) => {
  for (const field of event.target.querySelectorAll(FIELDS)) {
    if (wantsLocal && field.name && field.value) event.formData.set(field.name, new Date(field.value).toISOString());
  }
});

function showOptions() {
  for (const option of document.querySelectorAll("option[data-instant-option]")) {
    option.dataset.rest ??= option.textContent.replace(/^[^,]*/, "");
    option.textContent = (wantsLocal ? local : utc).format(new Date(option.dataset.instantOption)) + option.dataset.rest;
  }
}

function show() {
  showOptions();
  for (const name of document.querySelectorAll("[data-zone-name]")) name.textContent = wantsLocal ? zone : "UTC";
  showTimes(document);
}

// Days are cut by the server, which is told by a cookie whose; a page with days of others is asked for again.
function tellServer() {
  document.cookie = `zone=${wantsLocal ? zone : ""}; path=/; samesite=lax; max-age=${wantsLocal ? 31536000 : 0}`;
  const shown = document.querySelector("[data-days-in]")?.dataset.daysIn;
  const told = document.cookie.match(/(?:^|; )zone=([^;]*)/)?.[1] ?? "UTC";
  if (shown !== undefined && shown !== told) location.reload();
}

toggle.hidden = false;
toggle.addEventListener("click", () => {
  wantsLocal = !wantsLocal;
  localStorage.setItem("zone", wantsLocal ? "local" : "utc");
  showFields(!wantsLocal, document.querySelectorAll(FIELDS));
  show();
  tellServer();
});
if (wantsLocal) {
  // What is not as the server wrote it, in UTC, the browser has kept from before.
  showFields(false, [...document.querySelectorAll(FIELDS)].filter((field) => field.value === field.defaultValue));
  show();
}
tellServer();
