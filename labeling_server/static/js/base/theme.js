// Light or dark, kept in this browser. A plain script in the head, so that no page flashes in the wrong theme.
(() => {
  const KEY = "rhythmark.theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = localStorage.getItem(KEY) ?? system;

  function turn() {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, root.dataset.theme);
    document.dispatchEvent(new CustomEvent("rhythmark:theme", { detail: root.dataset.theme }));
  }
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme-button")?.addEventListener("click", turn);
  });
})();
