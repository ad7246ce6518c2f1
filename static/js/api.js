/* Draws the forms of the API page below its list of calls, in the page's colours; a browser session writes with its CSRF token. */
"use strict";

const place = document.getElementById("try");
const dark = matchMedia("(prefers-color-scheme: dark)");
const chosen = document.documentElement.dataset.theme;
const paint = () => document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : dark.matches);
dark.addEventListener("change", paint);
paint();

/* The list of calls links to Swagger's own elements, which are there only now: open the one that is meant. */
const show = (hash) => {
  const form = document.getElementById(hash.slice(1));
  if (!form || !place.contains(form)) return;
  if (!form.classList.contains("is-open")) form.querySelector(".opblock-summary-control").click();
  form.scrollIntoView();
};
document.addEventListener("click", (event) => {
  const link = event.target.closest(".calls a");
  if (link) setTimeout(() => show(link.hash));
});

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  onComplete: () => setTimeout(() => show(location.hash)),
  requestInterceptor: (request) => {
    const token = document.querySelector("[name=csrfmiddlewaretoken]");
    if (token && new URL(request.url, location.href).origin === location.origin) request.headers["X-CSRFToken"] = token.value;
    return request;
  },
});
