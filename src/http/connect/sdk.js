// Opens the connect pages of a unicrm gateway from another site: in a popup, in a frame, or in the same window.
//
//   import { connect } from "https://gateway.example.com/connect.js";
//   const { integrated_account_id } = await connect(linkToken);
//
// The site's origin has to be among the environment's connect_origins, or in UNICRM_CONNECT_ORIGINS.

const GATEWAY = new URL(".", import.meta.url);

/** Why an account isn't connected: what the pages told, or that they were closed, or that no window could be opened. */
export class ConnectError extends Error {
  constructor(told) {
    super(told.error);
    this.name = "ConnectError";
    this.error_type = told.error_type;
    this.integration = told.integration;
    this.integrated_account_id = told.integrated_account_id;
  }
}

const closed = () => new ConnectError({ error: "closed", error_type: "closed" });

function address(linkToken, options) {
  const url = new URL("connect-account", options.baseUrl ? `${options.baseUrl.replace(/\/+$/, "")}/` : GATEWAY);
  url.searchParams.set("link_token", linkToken);
  const add = (name, value) => value && url.searchParams.set(name, value);
  add("integration", options.integration);
  add("integrations", options.integrations?.join(","));
  add("auth_format", options.authFormat);
  add("no_back", options.noBack && "true");
  add("iframe", options.mode === "iframe" && "true");
  return url;
}

// Waits for the pages to tell what came of it. `isTheirs` says whose word counts.
function outcome(origin, isTheirs, begin) {
  return new Promise((resolve, reject) => {
    let end = () => {};
    const listen = (event) => {
      if (event.origin !== origin || !isTheirs(event.source)) return;
      const told = event.data;
      if (told === "closed") {
        finish(() => reject(closed()));
      } else if (told?.is_truto && told.error) {
        finish(() => reject(new ConnectError(told)));
      } else if (told?.is_truto) {
        finish(() => resolve(told));
      }
    };
    const finish = (settle) => {
      window.removeEventListener("message", listen);
      end();
      settle();
    };
    window.addEventListener("message", listen);
    end = begin((error) => finish(() => reject(error)));
  });
}

function popup(url) {
  const name = `unicrm-${Date.now()}`;
  const [width, height] = [560, 760];
  const left = Math.max(0, window.screenX + (window.outerWidth - width) / 2);
  const top = Math.max(0, window.screenY + (window.outerHeight - height) / 2);
  const opened = window.open(url, name, `popup,width=${width},height=${height},left=${left},top=${top}`);
  if (!opened) {
    return Promise.reject(new ConnectError({ error: "blocked", error_type: "blocked" }));
  }
  return outcome(url.origin, (source) => source === opened, (fail) => {
    const watch = setInterval(() => opened.closed && fail(closed()), 300);
    return () => {
      clearInterval(watch);
      opened.close();
    };
  });
}

function frame(url, parent) {
  const iframe = document.createElement("iframe");
  iframe.title = "Connect your CRM";
  iframe.src = url;
  iframe.style.cssText = parent
    ? "width:100%;height:100%;border:0"
    : "position:fixed;inset:0;width:100%;height:100%;border:0;z-index:2147483647";
  return outcome(url.origin, (source) => source === iframe.contentWindow, () => {
    (parent ?? document.body).append(iframe);
    return () => iframe.remove();
  });
}

/** Connects an account. See connect.d.ts for the options. */
export function connect(linkToken, options = {}) {
  const url = address(linkToken, options);
  switch (options.mode ?? "popup") {
    case "popup":
      return popup(url);
    case "iframe":
      return frame(url, options.parent);
    case "same-window":
      window.location.assign(url);
      return new Promise(() => {});
    default:
      return Promise.reject(new TypeError(`mode must be popup, iframe or same-window, not ${options.mode}`));
  }
}

export default connect;
