"use strict";
// Prints the sheet as it is now: it is fetched again before, and says of when it is.

(() => {
  const button = document.getElementById("print");
  const PRINT = "#print";

  button.hidden = false;
  button.addEventListener("click", () => {
    location.hash = PRINT;
    location.reload();
  });
  if (location.hash === PRINT) {
    history.replaceState(null, "", location.pathname + location.search);
    window.print();
  }
})();
