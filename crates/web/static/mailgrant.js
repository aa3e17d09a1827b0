// What moves: live numbers, pages that wait, and buttons that copy. Every page works without this.
"use strict";

// A page that shows more of an account than numbers fetches itself again, but not more often than
// this (in milliseconds).
const SHORTEST_PAUSE = 2000;

function follow(main) {
  const refreshing = "refresh" in main.dataset ? refresher() : () => {};
  const source = new EventSource(main.dataset.live);
  source.addEventListener("news", (event) => {
    const news = JSON.parse(event.data);
    if (news.accounts.map(show).some(Boolean)) refreshing();
    const needs = document.getElementById("needs");
    if (needs && news.needs !== null) replace(needs, news.needs);
  });
  addEventListener("pagehide", () => source.close());
}

function show(news) {
  const place = document.querySelector(`[data-account="${CSS.escape(news.account)}"]`);
  if (!place) return false;
  for (const count of ["delivered", "waiting", "quarantined"]) {
    const shown = place.querySelector(`[data-count="${count}"]`);
    if (shown) shown.textContent = news[count];
  }
  replace(place.querySelector("[data-state]"), news.state);
  replace(place.querySelector("[data-last]"), news.last);
  return true;
}

function refresher() {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    setTimeout(async () => {
      waiting = false;
      const response = await fetch(location.pathname);
      if (response.redirected || !response.ok) return location.reload();
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const part of document.querySelectorAll("[data-part]")) {
        const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
        if (other && !part.contains(document.activeElement)) replace(part, other.innerHTML);
      }
    }, SHORTEST_PAUSE);
  };
}

// Only where something differs: a screen reader would read the same again, and a button that has
// the focus would lose it. The HTML comes from the server's own templates.
function replace(element, html) {
  if (!element || element.dataset.html === html) return;
  if (element.dataset.html === undefined && sameHtml(element, html)) {
    element.dataset.html = html;
    return;
  }
  element.dataset.html = html;
  element.innerHTML = html;
}

function sameHtml(element, html) {
  const other = element.cloneNode(false);
  other.innerHTML = html;
  return other.innerHTML.trim() === element.innerHTML.trim();
}

// A page that waits for something asks again by itself, and goes on where the server leads it then.
const WAIT = 3000;

async function goOn() {
  const response = await fetch(location.pathname, { redirect: "manual" }).catch(() => null);
  if (!response || (response.ok && (await response.text()).includes("data-await"))) return setTimeout(goOn, WAIT);
  location.reload();
}

function copyButton(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}

// The header of a message's file goes into the form, and how large the whole is: rules look at no more,
// and nothing else leaves this machine.
const LONGEST_HEADER = 20000;

function takeFile(place) {
  place.hidden = false;
  place.querySelector("input").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    const beginning = await file.slice(0, LONGEST_HEADER).text();
    const [header] = beginning.split(/\r?\n\r?\n/, 1);
    document.getElementById(place.dataset.fileFor).value = header;
    document.getElementById(place.dataset.sizeFor).value = file.size;
  });
}

const main = document.querySelector("main[data-live]");
if (main) follow(main);
if (document.querySelector("main[data-await]")) setTimeout(goOn, WAIT);
document.querySelectorAll("[data-copy]").forEach(copyButton);
document.querySelectorAll("[data-file-for]").forEach(takeFile);
document.querySelector("[aria-invalid=true]")?.focus();
