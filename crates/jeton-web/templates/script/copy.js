// Buttons that copy what stands in the element that they name. Without this script, or where a browser lets no page write to
// the clipboard, they stay hidden; a click on the text selects all of it anyway.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
  addEventListener("click", async (event) => {
    const button = event.target.closest?.("button[data-copy]");
    if (!button) return;
    const said = document.getElementById(`${button.dataset.copy}-copied`);
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "The browser did not let it be copied: select it by hand.";
    }
  });
}
