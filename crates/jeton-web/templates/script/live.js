"use strict";
// Forms and links that renew one part of a page instead of the whole. Without this script they load the whole page, and
// nothing is missing. A form, or the button that sends it, says `data-live="ID"`: the element of that id is replaced by the
// one of the answer. An answer that leads elsewhere is followed.
//
// Answers are parsed by the browser as a document of their own, never from text: nothing in them is run.
const jeton = {
  // Sends, and calls `done(document, url)`; `failed()` when no answer came.
  ask(method, url, data, done, failed) {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "document";
    request.setRequestHeader("accept", "text/html");
    if (data) request.setRequestHeader("content-type", "application/x-www-form-urlencoded");
    request.onload = () => done(request.response, new URL(request.responseURL, location.href));
    request.onerror = failed;
    request.send(data);
    return request;
  },

  // Puts the element of the answer in the place of ours. Whether there was one.
  renew(id, answer) {
    const ours = document.getElementById(id), theirs = answer?.getElementById(id);
    if (!ours || !theirs) return false;
    ours.replaceWith(document.importNode(theirs, true));
    return true;
  },

  send(form, button, id) {
    const data = new URLSearchParams(new FormData(form, button));
    const method = (button?.getAttribute("formmethod") ?? form.method).toUpperCase();
    const target = new URL(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, location.href);
    if (method === "GET") target.search = data;
    const place = document.getElementById(id);
    place?.setAttribute("aria-busy", "true");
    button?.setAttribute("aria-disabled", "true");
    const over = () => {
      document.getElementById(id)?.removeAttribute("aria-busy");
      button?.removeAttribute("aria-disabled");
    };
    jeton.ask(method, target, method === "GET" ? null : data, (answer, url) => {
      over();
      if (!jeton.renew(id, answer)) {
        // Another page: a sign-in that has ended, or the place where a saved thing is. Else it tells of a failure.
        if (answer && url.pathname !== target.pathname) location.assign(url);
        else if (jeton.renew("content", answer)) document.getElementById("content").focus();
        else jeton.fail(place);
        return;
      }
      if (method === "GET") history.replaceState(null, "", url);
      document.getElementById(id).focus();
    }, () => {
      over();
      jeton.fail(place);
    });
  },

  fail(place) {
    const words = document.createElement("p");
    words.textContent = "The server did not answer. What you typed is still here; try again.";
    words.setAttribute("role", "alert");
    place?.replaceChildren(words);
  },
};

addEventListener("submit", (event) => {
  const id = event.submitter?.dataset.live ?? event.target.dataset.live;
  if (!id || event.defaultPrevented) return;
  event.preventDefault();
  if (event.submitter?.getAttribute("aria-disabled") !== "true") jeton.send(event.target, event.submitter, id);
});
