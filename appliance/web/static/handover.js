"use strict";
// Prints the sheet, with the time at which it is printed: the appliance's clock, as it has gone on since.

(() => {
  const button = document.getElementById("print");
  const printed = document.getElementById("printed");
  const opened = new Date(printed.dataset.now);

  button.hidden = false;
  button.addEventListener("click", () => window.print());

  window.addEventListener("beforeprint", () => {
    const now = new Date(opened.getTime() + performance.now());
    const two = (number) => String(number).padStart(2, "0");
    const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    printed.textContent = `${day} ${two(now.getHours())}:${two(now.getMinutes())}`;
  });
})();
