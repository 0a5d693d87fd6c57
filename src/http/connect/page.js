// The connect pages work without this. It tells whoever opened them what came of it, and makes forms kinder.
"use strict";
(() => {
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content;
  const origins = JSON.parse(meta("unicrm-origins") ?? "[]");
  const inFrame = window.parent !== window;
  const peer = inFrame ? window.parent : window.opener;

  // Only pages of allowed origins get it: the browser holds back what is meant for another.
  const tell = (what) => {
    for (const origin of peer ? origins : []) {
      peer.postMessage(what, origin);
    }
  };

  const message = meta("unicrm-message");
  const redirect = meta("unicrm-redirect");
  if (message && meta("unicrm-framed") && !inFrame) {
    // A window that a page in a frame opened: that page has the rest to say.
    window.close();
  } else if (message) {
    tell(JSON.parse(message));
    if (redirect && !peer) {
      window.location.replace(redirect);
    }
  }

  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => {
      if (inFrame) {
        tell("closed");
      } else {
        window.close();
      }
    });
  }

  for (const button of document.querySelectorAll("[data-reveal]")) {
    const input = document.getElementById(button.dataset.reveal);
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      button.textContent = shown ? button.dataset.show : button.dataset.hide;
      button.setAttribute("aria-pressed", String(!shown));
    });
  }

  for (const form of document.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", (event) => {
      if (form.getAttribute("aria-busy") === "true") {
        event.preventDefault();
        return;
      }
      form.setAttribute("aria-busy", "true");
      form.querySelector("button[type=submit]").textContent = form.dataset.busy;
    });
  }

  // While a window is at the vendor's, a page in a frame looks whether something has come of it.
  const progress = async () => {
    const answer = await fetch("/connect-account/progress", { cache: "no-store" });
    if (!answer.ok || (await answer.json()).finished) {
      window.location.assign("/connect-account");
    }
  };
  for (const form of document.querySelectorAll("form[data-wait]")) {
    let looking;
    form.addEventListener("submit", () => {
      looking ??= setInterval(() => progress().catch(() => {}), 1000);
    });
  }

  // A page that comes back from the browser's memory shows what was, not what is.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      window.location.reload();
    }
  });
})();
