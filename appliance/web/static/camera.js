"use strict";
// Sends what this device's camera sees, each frame when the one before was taken, or asks what the appliance's own
// camera sees; shows what the appliance says of it.

(() => {
  const RETRY_MS = 1000;
  const ASK_MS = 250;
  const FAILURES_SHOWN = 3;
  const UNLOOKED_MS = 10000;
  const QUALITY = 0.85;
  const DARKEN_MS = 1500;
  const page = document.querySelector(".capture");
  const { eye, way, frames, preview, token } = page.dataset;
  const gap = 1000 / Number(page.dataset.rate);
  const headers = { Accept: "text/html", "X-Refresh": "1" };
  let failures = 0;
  let looked = "";
  let lookedAt = performance.now();
  let darkenedAt = 0;

  const part = (name, where = document) => where.getElementById(name);
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const over = () => !["looking", "running"].includes(part("news").dataset.state);

  function note(answered) {
    failures = answered ? 0 : failures + 1;
    part("disconnected").hidden = failures < FAILURES_SHOWN;
  }

  // an unchanged part is left alone, so that it is not read out again and a button is not taken from under the finger
  function put(target, fresh) {
    if (target.innerHTML !== fresh.innerHTML) target.replaceChildren(...fresh.childNodes);
  }

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const news = part("news", fresh);
    if (!news) return;
    Object.assign(part("news").dataset, news.dataset);
    if (news.dataset.looked !== looked) [looked, lookedAt] = [news.dataset.looked, performance.now()];
    part("unlooked").hidden = over() || performance.now() - lookedAt < UNLOOKED_MS;
    for (const name of ["say", "count", "deeds"]) put(part(name), part(name, fresh));
    const mark = part("mark", fresh).querySelector("polygon");
    part("place").replaceChildren(...(mark ? [document.importNode(mark, true)] : []));
    if (news.dataset.case) location.replace(news.dataset.case);
  }

  async function heard(answer) {
    if (answer.status === 401) return location.reload(); // the session is over
    if (answer.redirected) return location.replace(answer.url); // there is a case
    if (answer.status === 404) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    take(await answer.text());
    note(true);
  }

  // automatic exposure takes a dark console for a dark scene, and bone and blood become one
  async function darken(track) {
    if (part("news").dataset.said !== "too_bright" || performance.now() - darkenedAt < DARKEN_MS) return;
    darkenedAt = performance.now();
    const range = track.getCapabilities ? track.getCapabilities().exposureCompensation : null;
    if (!range) return; // the sentence on the page says what to do
    const now = track.getSettings().exposureCompensation || 0;
    const wanted = Math.max(range.min, now - Math.max(range.step || 0, 0.5));
    if (wanted < now) await track.applyConstraints({ advanced: [{ exposureCompensation: wanted }] }).catch(() => {});
  }

  async function send(video) {
    const canvas = document.createElement("canvas");
    const began = performance.now();
    for (let number = 0; !over(); number += 1) {
      const taken = performance.now();
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d").drawImage(video, 0, 0);
      const jpeg = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
      try {
        const address = `${frames}${number}-${Math.round(taken - began)}`;
        const more = { "X-Form-Token": token, "Content-Type": "image/jpeg" };
        await heard(await fetch(address, { method: "POST", body: jpeg, headers: { ...headers, ...more } }));
        await darken(video.srcObject.getVideoTracks()[0]);
      } catch (error) {
        note(false);
        await wait(RETRY_MS);
      }
      await wait(Math.max(0, taken + gap - performance.now()));
    }
  }

  async function open() {
    if (!window.isSecureContext || !navigator.mediaDevices) {
      part("insecure").hidden = false;
      return;
    }
    const video = page.querySelector("video");
    const wide = way === "tiles" ? 3840 : 1280; // all slices at once need every pixel there is
    const wanted = { facingMode: { ideal: "environment" }, width: { ideal: wide }, height: { ideal: (wide * 9) / 16 } };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch (error) {
      part("denied").hidden = false;
      return;
    }
    video.srcObject = stream;
    await new Promise((resolve) => {
      video.onloadeddata = resolve;
    });
    await video.play();
    if (navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => {}); // a screen that goes dark ends it
    await send(video);
    for (const track of stream.getTracks()) track.stop();
  }

  async function ask() {
    const shown = page.querySelector("img");
    let seen = "0";
    while (!over()) {
      try {
        await heard(await fetch(location.href, { headers, cache: "no-store" }));
        if (looked !== seen) {
          seen = looked;
          const next = new Image();
          next.src = `${preview}?frame=${seen}`;
          await next.decode().then(() => { shown.src = next.src; }, () => {});
        }
      } catch (error) {
        note(false);
      }
      await wait(ASK_MS);
    }
  }

  // what is wished is sent without leaving the page, which would end the camera
  page.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || button.value === "cancel") return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(event.target));
    body.set("wish", button.value);
    try {
      await heard(await fetch(event.target.action, { method: "POST", body, headers: { Accept: "text/html" }, redirect: "manual" }));
    } catch (error) {
      // an answer that leads back here says nothing; what is said comes with the next frame
    }
  });

  if (over()) return;
  if (eye === "browser") open();
  else ask();
})();
