"use strict";
// While something on the page is still being worked on, fetch the page again and take over the parts marked data-live.

(() => {
  const PERIOD_MS = 700;
  const FAILURES_SHOWN = 4;
  let failures = 0;

  const working = () => document.querySelector("[data-working]") !== null;

  function take(page) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (!fresh) continue;
      part.toggleAttribute("data-working", fresh.hasAttribute("data-working"));
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
      const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      take(new DOMParser().parseFromString(await answer.text(), "text/html"));
      failed(false);
    } catch (error) {
      failed(true);
    }
    if (working()) setTimeout(refresh, PERIOD_MS);
  }

  if (working()) setTimeout(refresh, PERIOD_MS);
})();
