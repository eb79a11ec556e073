// The newest values of a device, asked for while the page is in sight.
const list = document.querySelector("[data-latest]");
const state = document.querySelector("[data-latest-state]");
const EVERY = 2_000;

function shown(value) {
  return Math.abs(value) >= 10_000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(4)));
}

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(list.dataset.latest);
    if (!answer.ok || answer.redirected) throw new Error(`answer ${answer.status}`);
    for (const { channel, value } of await answer.json()) {
      const place = list.querySelector(`[data-latest-of="${CSS.escape(channel)}"]`);
      if (place && place.textContent !== shown(value)) place.textContent = shown(value);
    }
    tell("Live", false);
  } catch {
    tell("Not live: reload to see newer values", true);
  }
}

function tell(text, cut) {
  state.hidden = false;
  state.dataset.liveState = "";
  state.classList.toggle("cut", cut);
  if (state.textContent !== text) state.textContent = text;
}

if (list) setInterval(renew, EVERY);
