"use strict";
// While something on the page is still being worked on, or may begin by itself, fetch the page again and take over the
// parts marked data-live.

(() => {
  const PERIOD_MS = 700;
  const WATCHING_MS = 2000;
  const FAILURES_SHOWN = 4;
  let failures = 0;

  const marked = (name) => document.querySelector(`[${name}]`) !== null;

  function again() {
    if (marked("data-working")) setTimeout(refresh, PERIOD_MS);
    else if (marked("data-watching")) setTimeout(refresh, WATCHING_MS);
  }

  function take(page) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh) continue;
      for (const mark of ["data-working", "data-watching"]) part.toggleAttribute(mark, fresh.hasAttribute(mark));
      // an unchanged part is left alone, so that it is not read out again
      if (part.innerHTML !== fresh.innerHTML) part.replaceChildren(...fresh.childNodes);
    }
    document.title = page.title;
  }

  function failed(yes) {
    failures = yes ? failures + 1 : 0;
    const note = document.getElementById("disconnected");
    if (note) note.hidden = failures < FAILURES_SHOWN;
  }

  async function refresh() {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Refresh": "1" }, cache: "no-store" });
      if (answer.status === 401) return location.reload(); // the session is over, and what it showed goes
      if (!answer.ok) throw new Error(String(answer.status));
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      failed(false);
    } catch (error) {
      failed(true);
    }
    again();
  }

  again();
})();
