// Add account: the steps follow the choices, and what is pasted is recognised, while the token stays in its field. Without
// this script a button shows the steps, and the answer to a test says the same.
{
  const form = document.getElementById("add");
  const token = form?.elements.token;
  // The form as it stands; the token goes only where it is asked for.
  const data = (button, withToken) => {
    const all = new URLSearchParams(new FormData(form));
    if (!withToken) all.delete("token");
    all.set("do", button);
    return all;
  };
  const nothing = () => document.getElementById("pasted").replaceChildren();
  let asked, soon, steps;

  const recognise = () => {
    asked?.abort();
    if (!token.value) return nothing();
    asked = jeton.ask("POST", "/settings/accounts/pasted", data("", true), (answer) => {
      if (!token.value || !jeton.renew("pasted", answer)) nothing();
    }, nothing);
  };

  const guide = () => {
    steps?.abort();
    steps = jeton.ask("POST", form.action, data("guide", false), (answer) => jeton.renew("guide", answer), () => {});
  };

  if (form) {
    document.getElementById("show-steps").remove();

    const show = document.createElement("button");
    show.type = "button";
    show.className = "quiet";
    show.textContent = "Show";
    show.setAttribute("aria-label", "Show the token");
    show.setAttribute("aria-pressed", "false");
    show.addEventListener("click", () => {
      const shown = token.type === "password";
      token.type = shown ? "text" : "password";
      show.textContent = shown ? "Hide" : "Show";
      show.setAttribute("aria-pressed", String(shown));
    });
    const line = document.createElement("span");
    line.className = "with-button";
    token.replaceWith(line);
    line.append(token, show);

    token.addEventListener("input", () => {
      document.getElementById("token-again").textContent = "";
      clearTimeout(soon);
      soon = setTimeout(recognise, 250);
    });
    form.addEventListener("change", (event) => {
      const name = event.target.name;
      if (/^(forge|purpose|kind_.*|self_hosted|base_url|repository)$/.test(name)) guide();
      if (/^(forge|self_hosted)$/.test(name)) recognise();
    });
    // What a link leads to may be folded away.
    form.addEventListener("click", (event) => {
      const id = event.target.closest("a[href^='#']")?.hash.slice(1);
      const place = id && document.getElementById(id);
      if (!place) return;
      place.closest("details")?.setAttribute("open", "");
      place.focus();
    });
    form.addEventListener("click", (event) => {
      const word = event.target.closest("[data-choose]")?.dataset.choose;
      if (!word) return;
      const radio = document.getElementById(`forge-${word}`);
      radio.checked = true;
      radio.dispatchEvent(new Event("change", { bubbles: true }));
      token.focus();
    });
  }
}
