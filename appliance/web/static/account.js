"use strict";
// Shows a password that is being typed, and how strong a new one is. Without this script the forms work as forms do.

(() => {
  const ENOUGH_BITS = 100;

  for (const box of document.querySelectorAll("[data-reveals]")) {
    const field = document.getElementById(box.dataset.reveals);
    box.parentElement.hidden = false;
    box.addEventListener("change", () => {
      field.type = box.checked ? "text" : "password";
    });
  }

  for (const meter of document.querySelectorAll("[data-measures]")) {
    const field = document.getElementById(meter.dataset.measures);
    meter.hidden = false;
    field.addEventListener("input", () => {
      const characters = [...field.value];
      const bits = characters.length * Math.log2(1 + new Set(characters).size);
      meter.value = Math.min(1, bits / ENOUGH_BITS);
    });
  }
})();
