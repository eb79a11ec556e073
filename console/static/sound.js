// A short tone for new critical and major alarms, for those who want it.
const button = document.querySelector("[data-sound]");
let context = null;
let isOn = localStorage.getItem("sound") === "on";

function show() {
  button.ariaPressed = String(isOn);
  button.textContent = isOn ? "Sound on" : "Sound off";
}

function tone(hertz, at) {
  const source = context.createOscillator();
  const volume = context.createGain();
  source.frequency.value = hertz;
  volume.gain.setValueAtTime(0.15, at);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.35);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + 0.35);
}

export function announce(row) {
  if (!button || !isOn || row.dataset.seen !== "no" || !["CRITICAL", "MAJOR"].includes(row.dataset.severity)) return;
  context ??= new AudioContext(); // silent until the viewer has clicked somewhere: browsers want that
  tone(row.dataset.severity === "CRITICAL" ? 880 : 587, context.currentTime);
}

if (button) {
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    isOn = !isOn;
    localStorage.setItem("sound", isOn ? "on" : "off");
    show();
    if (isOn) {
      context ??= new AudioContext();
      tone(587, context.currentTime);
    }
  });
}
