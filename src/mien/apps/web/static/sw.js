// Of a site that mien web --static wrote: keeps its files, so that it works without a network after the first visit.
const FILES = [];
const RELEASE = "";

const mine = `mien ${self.registration.scope} `;
const name = mine + RELEASE;

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(name);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  await self.skipWaiting();
})()));

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const other of await caches.keys()) if (other.startsWith(mine) && other !== name) await caches.delete(other);
  await self.clients.claim();
})()));

self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(self.registration.scope)) event.respondWith(answer(event.request));
});

async function answer(request) {
  const found = await (await caches.open(name)).match(request, { ignoreSearch: true }) ?? await fetch(request);
  // With these, which hosts of files seldom send, the nets may run in several threads.
  const headers = new Headers(found.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(found.body, { status: found.status, statusText: found.statusText, headers });
}
