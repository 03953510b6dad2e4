// Waiting for a server that is gone, or has no time.
import { about, isBack } from "./server.js";
import { say } from "./status.js";

const RETRY_MS = 2000;

export const pause = () => new Promise((done) => setTimeout(done, RETRY_MS));

/** What the page must know before the first answer, once there is who tells it. */
export async function modelOnceThere(isSite) {
  while (true) {
    try {
      return await about(isSite);
    } catch (error) {
      say(`${error.message}; trying again`, true);
      await pause();
      say("");
    }
  }
}

/** Wait until the server answers again, or is no longer wanted. */
export async function serverOnceBack(isWanted) {
  do await pause(); while (isWanted() && !(await isBack()));
}
