// Settings that survive a reload, where the browser keeps something for the page.

export function keep(changed) {
  try {
    localStorage.mien = JSON.stringify({ ...kept(), ...changed });
  } catch { /* it keeps nothing, as in a private window */ }
}

export function kept() {
  try {
    return JSON.parse(localStorage.mien ?? "{}") ?? {};
  } catch {
    return {};
  }
}
