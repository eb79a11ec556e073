// One connection to the feed that comes back by itself: it resumes after the last change it saw and tells each change once.
// Read with fetch and not with EventSource, which tells neither heartbeats nor why it was refused.
const SILENCE = 40_000; // the server sends something every 15 s
const PAUSES = [500, 1_000, 2_000, 5_000];

export class Stream {
  #after;
  #told;
  #change;
  #ending = null;
  #failures = 0;

  /** change({id, kind, data}) for each change after `after`; told(state) with "live", "cut" or "signed-out". */
  constructor(after, change, told) {
    this.#after = Number(after);
    this.#change = change;
    this.#told = told;
    this.#run();
  }

  close() {
    this.closed = true;
    this.#ending?.abort();
  }

  async #run() {
    while (!this.closed) {
      try {
        await this.#follow();
      } catch {
        // whatever ended it, what follows is the same
      }
      if (this.closed) return;
      if (this.state !== "signed-out") this.#tell("cut");
      await new Promise((resume) => setTimeout(resume, PAUSES[Math.min(this.#failures++, PAUSES.length - 1)]));
    }
  }

  async #follow() {
    this.#ending = new AbortController();
    let watch = this.#watch();
    try {
      const answer = await fetch(`/live?after=${this.#after}`, { signal: this.#ending.signal, redirect: "manual" });
      if (answer.status === 401 || answer.status === 403) this.#tell("signed-out");
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      this.#failures = 0;
      this.#tell("live");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(watch);
        watch = this.#watch();
        const pieces = (text + value).split("\n\n");
        text = pieces.pop();
        for (const piece of pieces) this.#take(piece);
      }
    } finally {
      clearTimeout(watch);
    }
  }

  #watch() {
    const ending = this.#ending;
    return setTimeout(() => ending.abort(), SILENCE);
  }

  #take(piece) {
    const fields = { data: [] };
    for (const line of piece.split("\n")) {
      const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
      if (name === "data") fields.data.push(value);
      else if (name) fields[name] = value;
    }
    const id = Number(fields.id);
    if (!fields.event || !(id > this.#after)) return;
    this.#after = id;
    this.#change({ id, kind: fields.event, data: fields.data.join("\n") });
  }

  #tell(state) {
    if (state !== this.state) this.#told((this.state = state));
  }
}
