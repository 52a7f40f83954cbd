"use strict";
// Sends what is dropped or chosen. Without this script the form is sent as forms are.

(() => {
  const form = document.getElementById("upload");
  const inputs = form.querySelectorAll("input[type=file]");
  const sending = form.querySelector(".sending");
  const said = form.querySelector(".said");
  const bar = form.querySelector("progress");
  const wrong = form.querySelector(".wrong");
  form.classList.add("scripted");
  let busy = false;

  function show(text, share) {
    sending.hidden = false;
    said.textContent = text;
    if (share === undefined) bar.removeAttribute("value");
    else bar.value = share;
  }

  function fail(text) {
    busy = false;
    sending.hidden = true;
    wrong.hidden = false;
    wrong.textContent = text;
    for (const input of inputs) input.value = "";
  }

  function begin() {
    busy = true;
    wrong.hidden = true;
  }

  // The files of a dropped entry, those of folders below it included. A folder tells its entries in portions.
  async function filesOf(entry) {
    if (entry instanceof File) return [entry];
    if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    const reader = entry.createReader();
    const files = [];
    for (;;) {
      const portion = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (portion.length === 0) return files;
      for (const child of portion) files.push(...(await filesOf(child)));
    }
  }

  function send(files) {
    // photographs show the head in the order of their names
    const name = (file) => file.webkitRelativePath || file.name;
    files.sort((a, b) => name(a).localeCompare(name(b), "en", { numeric: true }));
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (bytes === 0) return fail(form.dataset.empty);
    if (files.length > Number(form.dataset.maxFiles) || bytes > Number(form.dataset.maxMb) * 1e6) {
      return fail(form.dataset.tooLarge);
    }
    const data = new FormData();
    // names stay here: they may tell who the patient is, and nothing needs them
    files.forEach((file, index) => data.append("files", file, String(index + 1)));
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Form-Token", form.elements.form_token.value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      const share = event.lengthComputable ? event.loaded / event.total : undefined;
      const megabytes = (bytes / 1e6).toFixed(1);
      show(share === undefined ? form.dataset.sending : `${form.dataset.sending} ${Math.round(share * 100)} % (${megabytes} MB)`, share);
    });
    request.addEventListener("load", () => {
      if (request.status === 201 && request.response) location.assign(request.response.case);
      else fail(request.response && request.response.error ? request.response.error.message : form.dataset.broken);
    });
    for (const event of ["error", "abort", "timeout"]) {
      request.addEventListener(event, () => fail(form.dataset.broken));
    }
    show(form.dataset.sending, 0);
    request.send(data);
  }

  for (const input of inputs) {
    input.addEventListener("change", () => {
      if (busy || input.files.length === 0) return;
      begin();
      send([...input.files]);
    });
  }

  // The whole window takes the drop, so that a near miss does not open the file instead of the study.
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) form.classList.remove("over");
  });
  window.addEventListener("drop", async (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (busy) return;
    begin();
    show(form.dataset.reading);
    // entries are only to be had before the first wait
    const dropped = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = dropped.map((item) => item.webkitGetAsEntry() || item.getAsFile());
    try {
      const files = [];
      for (const entry of entries) files.push(...(await filesOf(entry)));
      send(files);
    } catch (error) {
      fail(form.dataset.broken);
    }
  });
  // Coming back to this page must not find it busy.
  window.addEventListener("pageshow", () => {
    busy = false;
    sending.hidden = true;
  });
})();
