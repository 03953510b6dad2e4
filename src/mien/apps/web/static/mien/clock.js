/** Turns the times of successive frames into the seconds between them; it only goes forward. */
export class Clock {
  #last = null;

  /** The seconds since the call before; 0 at the first, and where the time stands still, goes back or is none. */
  since(time_s) {
    if (!Number.isFinite(time_s)) return 0;
    const last = this.#last;
    this.#last = time_s;
    return last === null ? 0 : Math.max(0, time_s - last);
  }
}
