/* The only script of our own. Every page works without it: it shows copy buttons, closes menus, marks a form that is on its way, and unmarks
   what is being put right. */
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const label = button.querySelector("[data-copy-label]");
    const before = label.textContent;
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    label.textContent = button.dataset.done;
    setTimeout(() => { label.textContent = before; }, 2000);
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

/* The server refuses a double click by itself; this only says that the first one counts. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || (form.getAttribute("method") || "").toLowerCase() !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  /* An answer that is a file leaves the page where it is. */
  setTimeout(() => release(form), 5000);
});

function release(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

/* What is being put right is no longer wrong; whether it is right now, the server says. */
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.getAttribute("aria-invalid") !== "true") return;
  field.removeAttribute("aria-invalid");
  const error = document.getElementById(`${field.id}_error`);
  if (error) error.remove();
});

/* A page that comes back from the browser's own memory starts afresh. */
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) release(form);
});
