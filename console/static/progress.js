// What is under way is asked for again each second until it has ended, while the page is in sight.
import { showTimes } from "./times.js";

const place = document.querySelector("[data-progress]");
const EVERY = 1_000;
let timer = null;

function hasEnded() {
  return place.querySelector("[data-ended]") !== null;
}

async function renew() {
  if (!document.hidden) {
    try {
      const answer = await fetch(place.dataset.progress, { redirect: "error" });
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      const text = await answer.text();
      if (!place.contains(document.activeElement)) {
        place.innerHTML = text;
        showTimes(place);
      }
      place.classList.remove("cut");
    } catch {
      place.classList.add("cut");
    }
  }
  if (!hasEnded()) timer = setTimeout(renew, EVERY);
}

if (place && !hasEnded()) timer = setTimeout(renew, EVERY);
addEventListener("pagehide", () => clearTimeout(timer));
addEventListener("pageshow", (event) => {
  if (event.persisted && place && !hasEnded()) timer = setTimeout(renew, EVERY);
});
