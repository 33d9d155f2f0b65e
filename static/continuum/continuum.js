/* Comfort only: every page works without this file. */
(() => {
  "use strict";

  const root = document.documentElement;
  const THEMES = ["auto", "light", "dark"];
  const THEME_KEY = "continuum-theme";

  /* Storage may be closed to us (private windows, strict settings); the system's theme serves then. */
  const storedTheme = () => {
    try {
      return localStorage.getItem(THEME_KEY);
    } catch {
      return null;
    }
  };
  const storeTheme = (theme) => {
    try {
      localStorage.setItem(THEME_KEY, theme);
    } catch {
      /* the choice lasts for this page */
    }
  };

  const applyTheme = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  const offerThemes = (button) => {
    const words = button.querySelector("span");
    const say = () => {
      const theme = root.dataset.theme ?? "auto";
      words.textContent = button.title = { auto: button.dataset.hcAuto, light: button.dataset.hcLight, dark: button.dataset.hcDark }[theme];
    };
    button.hidden = false;
    say();
    button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
      applyTheme(next);
      storeTheme(next);
      say();
    });
  };

  /* The left and right arrows walk along whatever the page is a step of: versions, pages of a list. */
  const walk = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, summary, [contenteditable], .hc-scroll, .hc-pre")) return;
    const ahead = getComputedStyle(root).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const relation = { [ahead]: "next", [ahead === "ArrowRight" ? "ArrowLeft" : "ArrowRight"]: "prev" }[event.key];
    const link = relation && document.querySelector(`main a[rel="${relation}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  };

  /* Two columns of radio buttons, newest first: "from" is always older than "to". */
  const pairRadios = (form) => {
    const froms = [...form.querySelectorAll('input[name="from"]')];
    const tos = [...form.querySelectorAll('input[name="to"]')];
    const words = form.querySelector("[data-hc-comparing]");
    const rows = [...form.querySelectorAll(".hc-entry")];
    const rowOf = (radio) => rows.indexOf(radio.closest(".hc-entry"));
    const labelOf = (radio) => `#${radio.value}`;
    const say = () => {
      const from = froms.find((radio) => radio.checked);
      const to = tos.find((radio) => radio.checked);
      if (!from || !to) return;
      for (const radio of tos) radio.disabled = rowOf(radio) >= rowOf(from);
      for (const radio of froms) radio.disabled = rowOf(radio) <= rowOf(to);
      const strong = (radio) => {
        const element = document.createElement("strong");
        element.textContent = labelOf(radio);
        return element;
      };
      const parts = { "%(older)s": strong(from), "%(newer)s": strong(to) };
      words?.replaceChildren(...words.dataset.hcComparing.split(/(%\(\w+\)s)/).map((part) => parts[part] ?? part));
    };
    form.addEventListener("change", say);
    /* A form that the browser restores, or that reset() empties, changes without an event. */
    addEventListener("pageshow", say);
    say();
  };

  /* "all" and "none" are links that reload the plan; here they tick in place and keep the reason. */
  const tickInPlace = (link) => {
    link.addEventListener("click", (event) => {
      const boxes = link.closest(".hc-panel")?.querySelectorAll('input[type="checkbox"]:not(:disabled)');
      if (!boxes?.length || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      for (const box of boxes) box.checked = link.dataset.hcTick === "all";
    });
  };

  /* A plan is sent once, however often its button is pressed. */
  const sendOnce = (form) => {
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
    });
    addEventListener("pageshow", () => {
      sent = false;
    });
  };

  applyTheme(storedTheme());
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-hc-theme]").forEach(offerThemes);
    document.querySelectorAll("[data-hc-compare]").forEach(pairRadios);
    document.querySelectorAll("[data-hc-tick]").forEach(tickInPlace);
    document.querySelectorAll('form.hc-plan[method="post"]').forEach(sendOnce);
    document.addEventListener("keydown", walk);
  });
})();
