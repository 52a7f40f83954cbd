"use strict";
// What the appliance does by itself appears on an open page by itself: it sends news of the wall (data-events), and of a
// case that is worked on (data-working) or that might become out of date (data-watching) the page is fetched again. The
// list of all cases hears the same news, and is fetched again at each (data-anew), since they are of the wall alone.
// Where the appliance has no place left for another page that listens, the wall is fetched again too.

(() => {
  const PERIOD_MS = 700;
  const UNHEARD_MS = 2000;
  const WATCHING_MS = 5000;
  const SILENCE_MS = 12000;
  const FAILURES_SHOWN = 3;
  const wall = document.querySelector("[data-events]");
  let failures = 0;

  const marked = (name) => document.querySelector(`[${name}]`) !== null;

  // what somebody is writing is not taken from under the pen
  function written(part) {
    if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) return true;
    const changed = (field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked;
    return [...part.querySelectorAll("input, textarea")].some(changed);
  }

  function take(page) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh || written(part)) continue;
      for (const mark of ["data-working", "data-watching"]) part.toggleAttribute(mark, fresh.hasAttribute(mark));
      // an unchanged part is left alone, so that it is not read out again
      if (part.innerHTML !== fresh.innerHTML) replace(part, fresh);
    }
    if (page.title) document.title = page.title;
    note(true);
  }

  // whoever went to a link with the keyboard stays there
  function replace(part, fresh) {
    const link = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    part.replaceChildren(...fresh.childNodes);
    if (link) part.querySelector(`a[href="${CSS.escape(link)}"]`)?.focus({ preventScroll: true });
  }

  function note(answered) {
    failures = answered ? 0 : failures + 1;
    const said = document.getElementById("disconnected");
    if (said) said.hidden = failures < FAILURES_SHOWN;
  }

  const parsed = (text) => new DOMParser().parseFromString(text, "text/html");

  async function fetchAnew() {
    try {
      // what was shown already is not looked at once more, and not put on record again
      const headers = { Accept: "text/html", "X-Refresh": "1", ...(marked("data-working") ? {} : { "X-Shown": "yes" }) };
      const answer = await fetch(location.href, { headers, cache: "no-store" });
      if (answer.status === 401) return location.reload(); // the session is over, and what it showed goes
      if (answer.redirected) return location.replace(answer.url); // the same images as another case's
      if (!answer.ok) throw new Error(String(answer.status));
      take(parsed(await answer.text()));
    } catch (error) {
      note(false);
    }
  }

  async function refresh() {
    await fetchAnew();
    again();
  }

  // news may come faster than a page can be fetched: then once more after them
  let fetching = false;
  let stale = false;
  async function hear() {
    stale = true;
    if (fetching) return;
    fetching = true;
    while (stale) {
      stale = false;
      await fetchAnew();
      await new Promise((done) => setTimeout(done, PERIOD_MS));
    }
    fetching = false;
  }

  function again() {
    if (marked("data-working")) setTimeout(refresh, PERIOD_MS);
    else if (wall) setTimeout(listen, UNHEARD_MS);
    else if (marked("data-watching")) setTimeout(refresh, WATCHING_MS);
  }

  function listen() {
    const source = new EventSource(wall.dataset.events);
    let silence;

    // a cable that was pulled is no error: only silence tells
    function heard() {
      clearTimeout(silence);
      silence = setTimeout(() => {
        source.close();
        failures = FAILURES_SHOWN;
        note(false);
        listen();
      }, SILENCE_MS);
    }

    heard();
    source.addEventListener("here", () => {
      heard();
      note(true);
    });
    source.addEventListener("message", (event) => {
      heard();
      if (marked("data-anew")) hear();
      else take(parsed(JSON.parse(event.data)));
    });
    source.addEventListener("error", () => {
      // it tries again by itself, unless the appliance answered that it will not
      if (source.readyState !== EventSource.CLOSED) return note(false);
      clearTimeout(silence);
      refresh();
    });
  }

  // a page that is left must give its place to another at once, and one that comes back must not be old
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  function stopwatch(seconds) {
    const minutes = Math.floor(seconds / 60);
    const below = (number) => String(number % 60).padStart(2, "0");
    return minutes < 60 ? `${minutes}:${below(seconds)}` : `${Math.floor(minutes / 60)}:${below(minutes)}:${below(seconds)}`;
  }

  // elapsed time counts on between the news
  setInterval(() => {
    for (const shown of document.querySelectorAll("[data-elapsed]")) {
      const seconds = Number(shown.dataset.elapsed) + 1;
      shown.dataset.elapsed = String(seconds);
      shown.textContent = stopwatch(seconds);
    }
  }, 1000);

  if (wall) listen();
  else again();
})();
