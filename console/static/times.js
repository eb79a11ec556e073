// Times are rendered in UTC; the viewer may read them in their own zone instead.
const toggle = document.querySelector("[data-zone-toggle]");
const label = document.querySelector("[data-zone-name]");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
const utc = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: "UTC" });
let wantsLocal = localStorage.getItem("zone") === "local";

export function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const place = time.querySelector("[data-instant]") ?? time;
    place.textContent = (wantsLocal ? local : utc).format(new Date(time.dateTime));
  }
}

function show() {
  label.textContent = wantsLocal ? zone : "UTC";
  showTimes(document);
}

toggle.hidden = false;
toggle.addEventListener("click", () => {
  wantsLocal = !wantsLocal;
  localStorage.setItem("zone", wantsLocal ? "local" : "utc");
  show();
});
if (wantsLocal) show();
