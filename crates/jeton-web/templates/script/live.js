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

  // Puts the element of the answer in the place of ours. Whether there was one. Where somebody is at work below it, that place
  // does not move under their mouse.
  renew(id, answer) {
    const ours = document.getElementById(id), theirs = answer?.getElementById(id);
    if (!ours || !theirs) return false;
    const at = document.activeElement, top = at.getBoundingClientRect().top;
    ours.replaceWith(document.importNode(theirs, true));
    if (at.isConnected && at !== document.body) scrollBy(0, at.getBoundingClientRect().top - top);
    return true;
  },

  send(form, button, id) {
    const data = new URLSearchParams(new FormData(form, button));
    const method = (button?.getAttribute("formmethod") ?? form.method).toUpperCase();
    const target = new URL(button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, location.href);
    if (method === "GET") target.search = data;
    const place = document.getElementById(id) ?? form;
    const over = jeton.begin(place, button, form.dataset.asking);
    jeton.ask(method, target, method === "GET" ? null : data, (answer, url) => {
      over();
      if (jeton.hasEnded(url)) return jeton.signedOut(place);
      if (!jeton.renew(id, answer)) {
        // Another page: the place where a saved thing is. Else it tells of a failure.
        if (answer && url.pathname !== target.pathname) location.assign(url);
        else if (jeton.renew("content", answer)) document.getElementById("content").focus();
        else jeton.fail(place);
        return;
      }
      jeton.mark(form, answer);
      if (method === "GET") history.replaceState(null, "", url);
      document.getElementById(id).focus();
    }, () => {
      over();
      jeton.fail(place);
    });
  },

  // Shows that an answer is waited for; what it returns ends that. The words stand before the place, not in it: what is busy
  // is not read out.
  begin(place, button, words = "Asking…") {
    jeton.unsay();
    const status = document.createElement("p");
    status.className = "hidden";
    status.setAttribute("role", "status");
    place.before(status);
    // What is answered at once needs no words.
    const soon = setTimeout(() => {
      status.className = "notice";
      status.textContent = words;
    }, 300);
    place.setAttribute("aria-busy", "true");
    button?.setAttribute("aria-disabled", "true");
    return () => {
      clearTimeout(soon);
      status.remove();
      place.removeAttribute("aria-busy");
      button?.removeAttribute("aria-disabled");
    };
  },

  // Beside each field, what the answer says of it.
  mark(form, answer) {
    for (const words of form.querySelectorAll(".wrong[id]")) {
      if (!jeton.renew(words.id, answer)) continue;
      const id = words.id.replace(/-wrong$/, ""), ours = document.getElementById(id);
      const theirs = answer.getElementById(id)?.getAttribute("aria-invalid");
      if (theirs) ours?.setAttribute("aria-invalid", theirs);
      else ours?.removeAttribute("aria-invalid");
      if (answer.getElementById(words.id).textContent) ours?.closest("details")?.setAttribute("open", "");
    }
  },

  // Before a form is sent: whether the sign-in of its page still holds. Where it has ended, sending would lose what was typed.
  // Where the same person has signed in anew, the form takes over the token of that sign-in.
  check(form, button, place, go) {
    const ours = form.elements.namedItem("csrf");
    const over = jeton.begin(place, button, form.dataset.asking);
    jeton.ask("GET", "/profile", null, (answer, url) => {
      over();
      if (jeton.hasEnded(url)) return jeton.signedOut(place);
      const token = answer?.querySelector("input[name=csrf]")?.value;
      if (!token || token === ours.value) return go();
      for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
      const was = document.querySelector(".who bdi"), is = answer.querySelector(".who bdi");
      if (was?.textContent === is?.textContent) return go();
      if (was) was.textContent = is?.textContent;
      jeton.say(place, `Since this page was opened, ${is?.textContent} has signed in here. Send it again to do it as ${is?.textContent}: what you typed is still here.`);
    }, () => {
      over();
      jeton.fail(place);
    });
  },

  hasEnded(url) {
    return url.pathname === "/sign-in" && location.pathname !== "/sign-in";
  },

  signedOut(place) {
    const link = document.createElement("a");
    link.href = "/sign-in";
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "Sign in in a new tab";
    jeton.say(place, "You are signed out. ", link, ", then send this again: what you typed is still here.");
  },

  fail(place) {
    jeton.say(place, "The server did not answer. Nothing on this page has changed; try again.");
  },

  // At the top of a part of the page, which stays as it is.
  say(place, ...words) {
    jeton.unsay();
    const said = document.createElement("p");
    said.className = "notice bad said";
    said.setAttribute("role", "alert");
    said.append(...words);
    place.prepend(said);
    said.scrollIntoView({ block: "center" });
  },

  unsay() {
    for (const said of document.querySelectorAll(".said")) said.remove();
  },
};

{
  // Forms that have passed the check, and go as the browser sends them.
  const checked = new WeakSet();

  addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter;
    if (event.defaultPrevented || checked.delete(form)) return;
    const id = button?.dataset.live ?? form.dataset.live;
    const method = (button?.getAttribute("formmethod") ?? form.method).toUpperCase();
    const isOurs = method === "POST" && form.elements.namedItem("csrf");
    if (!id && !isOurs) return;
    event.preventDefault();
    const place = document.getElementById(id) ?? form;
    // Somebody presses twice.
    if (place.getAttribute("aria-busy") === "true") return;
    if (!isOurs) return jeton.send(form, button, id);
    jeton.check(form, button, place, () => {
      if (id) return jeton.send(form, button, id);
      checked.add(form);
      form.requestSubmit(button);
    });
  });
}
