"use strict";
// Reminds of red cases that nobody has acknowledged: at once, and then every minute. The page itself shows them
// (live.js); this says it anew to a screen reader, and sounds where somebody has allowed it with a click.

(() => {
  const EVERY_MS = 60_000;
  const LOOK_MS = 1000;
  const TONES_HZ = [880, 660, 880];
  const TONE_S = 0.18;
  const LOUDNESS = 0.25;
  const WANTED = "sound";
  const place = document.querySelector(".sound");
  const button = place.querySelector("button");
  const said = document.getElementById("reminding");
  let audio = null;
  let awaited = 0;
  let remindedAt = 0;

  const heard = () => audio !== null && audio.state === "running";

  function sound() {
    if (!heard()) return;
    TONES_HZ.forEach((pitch, index) => {
      const start = audio.currentTime + index * TONE_S;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = pitch;
      // without a click at either end of the tone
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
      volume.gain.linearRampToValueAtTime(0, start + TONE_S);
      tone.connect(volume).connect(audio.destination);
      tone.start(start);
      tone.stop(start + TONE_S);
    });
  }

  function remind(banner) {
    remindedAt = performance.now();
    said.textContent = "";
    said.textContent = banner.querySelector("strong").textContent;
    sound();
  }

  function look() {
    const banner = document.querySelector("[data-awaited]");
    const count = banner ? Number(banner.dataset.awaited) : 0;
    if (banner && (count > awaited || performance.now() - remindedAt >= EVERY_MS)) remind(banner);
    if (!banner) said.textContent = "";
    awaited = count;
  }

  // the button never says that there is sound where the browser still holds it back
  function tell() {
    button.classList.toggle("on", heard());
    button.querySelector("span").textContent = heard() ? button.dataset.on : button.dataset.off;
  }

  function open() {
    audio = new AudioContext();
    audio.addEventListener("statechange", tell);
  }

  button.addEventListener("click", async () => {
    if (heard()) {
      localStorage.removeItem(WANTED);
      audio.close();
      audio = null;
      return tell();
    }
    localStorage.setItem(WANTED, "yes");
    if (!audio) open();
    await audio.resume();
    tell();
    sound();
  });

  // where it was wanted on another page, any click on this one will do
  document.addEventListener("click", (event) => {
    if (audio && !heard() && !place.contains(event.target)) audio.resume();
  });

  tell();
  place.hidden = false;
  look();
  setInterval(look, LOOK_MS);
  if (localStorage.getItem(WANTED)) open();
})();
