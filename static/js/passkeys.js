/* Passkeys: the only script that asks the browser for a key. Without it, or without keys, its forms stay hidden or say why. */
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.webauthnJSON || !window.webauthnJSON.supported()) continue;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const trouble = form.querySelector("[data-passkey-error]");
    trouble.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await credential(form));
    } catch (error) {
      trouble.hidden = false;
      return;
    }
    form.submit();
  });
}

/* What the device answers: a new passkey, or the proof of a known one. */
async function credential(form) {
  if (form.dataset.passkey === "sign-in") {
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("no challenge");
    return window.webauthnJSON.get((await answer.json()).request_options);
  }
  const options = JSON.parse(document.getElementById(form.dataset.passkeyOptions).textContent);
  if (form.dataset.passkey === "prove") return window.webauthnJSON.get(options.request_options);
  return window.webauthnJSON.create(asked(options.creation_options, form.elements.passwordless.checked));
}

/* A passkey that opens the account alone is kept by the device and unlocked by its owner. */
function asked(options, alone) {
  const selection = options.publicKey.authenticatorSelection;
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return options;
}
