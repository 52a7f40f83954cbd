"use strict";
// Browsers give a camera only to pages that nobody on the way can change. This says so before somebody begins.

(() => {
  const form = document.querySelector(".begin");
  if (!form || (window.isSecureContext && navigator.mediaDevices)) return;
  const said = document.getElementById("insecure");
  const look = () => {
    const chosen = form.querySelector("input[name=eye]:checked");
    said.hidden = !chosen || chosen.value !== "browser";
  };
  form.addEventListener("change", look);
  look();
})();
