// Shows /openapi.json. Everything becomes text nodes: nothing of the document is taken for markup.
"use strict";

(async () => {
  const main = document.getElementById("main");
  const nav = document.getElementById("nav");
  const search = document.getElementById("search");
  const VERBS = ["get", "post", "patch", "put", "delete"];

  // ---- elements

  function el(name, attributes, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "class") element.className = value;
      else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child != null && child !== false));
    return element;
  }

  // `code` and **strong**, the only markup that descriptions use.
  function inline(text) {
    return String(text || "").split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
      if (/^`.+`$/.test(part)) return el("code", {}, part.slice(1, -1));
      if (/^\*\*.+\*\*$/.test(part)) return el("strong", {}, part.slice(2, -2));
      return part;
    });
  }

  function paragraphs(text) {
    return String(text || "").split(/\n{2,}/).filter(Boolean).map((part) => el("p", {}, inline(part)));
  }

  function code(text) {
    const copy = el("button", { class: "copy", type: "button" }, "Copy");
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Press Ctrl+C";
        getSelection().selectAllChildren(copy.nextElementSibling);
      }
      setTimeout(() => { copy.textContent = "Copy"; }, 1500);
    });
    return el("div", { class: "code" }, copy, el("pre", { tabindex: "0" }, text));
  }

  // ---- the document

  let spec;
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
    spec = await answer.json();
  } catch (error) {
    main.replaceChildren(el("h1", {}, "The document can't be read"), el("p", {}, String(error.message || error)));
    return;
  }
  document.getElementById("version").textContent = spec.info.version;

  function resolve(value) {
    let found = value;
    while (found && found.$ref) {
      found = found.$ref.slice(2).split("/").reduce((inner, key) => inner && inner[key], spec);
    }
    return found || {};
  }

  const topics = new Map(spec.tags.map((tag) => [tag.name, { ...tag, operations: [] }]));
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const verb of VERBS.filter((verb) => item[verb])) {
      const operation = { ...item[verb], path, verb };
      operation.parameters = (operation.parameters || []).map(resolve);
      topics.get(operation.tags[0]).operations.push(operation);
    }
  }
  const isUnified = (name) => name.includes("/");
  const address = (name) => "#" + name.replaceAll(" ", "-");

  // ---- schemas

  function kind(schema) {
    const resolved = resolve(schema);
    const types = [].concat(resolved.type || []).filter((type) => type !== "null");
    if (types[0] === "array") return `${kind(resolved.items || {})}[]`;
    return resolved.format || types[0] || "any";
  }

  function membersOf(schema) {
    const resolved = resolve(schema);
    if (resolved.properties) return resolved;
    return resolved.items ? membersOf(resolved.items) : null;
  }

  function marks(schema, required, providers) {
    const found = [];
    if (required) found.push(el("span", { class: "mark need" }, "required"));
    if (schema["x-unicrm-extension"]) {
      found.push(el("span", { class: "mark ours", title: "unicrm's addition to the published contract" }, "unicrm"));
    }
    for (const name of providers || []) found.push(el("span", { class: "mark" }, labelOf(name)));
    return found.length ? el("span", { class: "marks" }, found) : null;
  }

  function rows(schema, depth, provided) {
    const resolved = membersOf(schema);
    if (!resolved) return [];
    const required = new Set(resolved.required || []);
    return Object.entries(resolved.properties).flatMap(([name, member]) => {
      const value = resolve(member);
      const inside = depth < 3 ? rows(value, depth + 1) : [];
      const fold = inside.length ? el("button", { class: "fold", type: "button", "aria-expanded": "false" }, "show") : null;
      const own = el("tr", { class: depth ? "inner" : "" },
        el("td", {}, el("span", { class: `depth-${depth}` }, name), fold),
        el("td", {}, kind(value)),
        el("td", {}, inline(value.description), values(value),
          marks(value, required.has(name), depth === 0 && provided ? provided(name) : null)));
      if (fold) {
        const direct = inside.filter((row) => row.dataset.depth === String(depth + 1));
        const show = (on) => {
          fold.textContent = on ? "hide" : "show";
          fold.setAttribute("aria-expanded", String(on));
          for (const row of on ? direct : inside) {
            row.hidden = !on;
            if (!on && row.fold) row.fold(false);
          }
        };
        own.fold = show;
        fold.addEventListener("click", () => show(fold.textContent === "show"));
        for (const row of inside) row.hidden = true;
      }
      own.dataset.depth = depth;
      return [own, ...inside];
    });
  }

  function values(schema) {
    const named = (schema.enum || []).filter((value) => value !== null);
    if (!named.length) return null;
    return [" ", named.flatMap((value, index) => [index ? ", " : "One of ", el("code", {}, String(value))]), "."];
  }

  function fields(head, body) {
    if (!body.length) return null;
    return el("table", { class: "fields" },
      el("thead", {}, el("tr", {}, head.map((text) => el("th", {}, text)))), el("tbody", {}, body));
  }

  // A value of the schema, to show what a body or a record looks like.
  function sample(schema, depth = 0) {
    const resolved = resolve(schema);
    if (resolved.const !== undefined) return resolved.const;
    const type = [].concat(resolved.type || [])[0];
    const named = (resolved.enum || resolved.examples || []).find((value) => value !== null);
    if (named !== undefined) return named;
    if (resolved.properties) {
      const entries = Object.entries(resolved.properties).filter(([name]) => name !== "remote_data");
      return Object.fromEntries(entries.map(([name, member]) => [name, named_(name, member, depth + 1)]));
    }
    switch (type) {
      case "array": return depth > 5 ? [] : [sample(resolved.items || {}, depth + 1)];
      case "object": return {};
      case "integer": return 1;
      case "number": return 1000;
      case "boolean": return true;
      case "null": return null;
      default: return resolved.format === "date-time" ? "2026-01-31T09:30:00.000Z" : "…";
    }
  }

  const SAMPLES = {
    id: "4711", entity_id: "4711", first_name: "Ada", last_name: "Lovelace", name: "Ada Lovelace", email: "ada@example.com",
    number: "+44 20 7946 0123", title: "Analyst", website: "https://example.com", url: "https://example.com",
    currency: "EUR", city: "London", country: "United Kingdom", postal_code: "W1A 1AA", street_1: "12 St James's Square",
    probability: 60, next_cursor: null, limit: 100, statusCode: 400, error: "Bad Request",
  };

  function named_(name, member, depth) {
    const resolved = resolve(member);
    const type = [].concat(resolved.type || [])[0];
    const known = SAMPLES[name];
    const fits = known === null ? true : typeof known === (type === "integer" ? "number" : type);
    return known !== undefined && fits && !resolved.enum ? known : sample(member, depth);
  }

  // ---- providers

  const providers = new Set();
  for (const topic of topics.values()) {
    for (const operation of topic.operations) {
      for (const name of Object.keys(operation["x-unicrm-providers"] || {})) providers.add(name);
    }
  }

  function labelOf(name) {
    return name.charAt(0).toUpperCase() + name.slice(1);
  }

  function serves(operation, provider) {
    const support = (operation["x-unicrm-providers"] || {})[provider];
    return Boolean(support && support.supported);
  }

  // Only the methods of unified resources have the words `supported` and `reason`.
  function support(operation) {
    const all = Object.entries(operation["x-unicrm-providers"] || {});
    if (!all.length || !isUnified(operation.tags[0])) return null;
    return el("dl", { class: "providers" }, all.map(([name, it]) => [
      el("dt", { class: it.supported ? "" : "not" }, labelOf(name)),
      el("dd", {}, it.supported
        ? (it.fields ? ["writes ", it.fields.flatMap((field, index) => [index ? ", " : "", el("code", {}, field)])] : "served")
        : it.reason),
    ]));
  }

  function natives(operation) {
    const all = operation["x-unicrm-providers"];
    if (!all || isUnified(operation.tags[0])) return null;
    return Object.entries(all).filter(([, resources]) => Object.keys(resources).length).map(([name, resources]) => [
      el("h3", {}, labelOf(name)),
      fields(["Resource", "Method", "What it does"], Object.entries(resources).flatMap(([resource, methods]) =>
        methods.map((method) => el("tr", {}, el("td", {}, resource), el("td", {}, method.method),
          el("td", {}, inline(method.description)))))),
    ]);
  }

  // ---- operations

  function colored(path) {
    return path.split(/(\{[^}]+\})/).map((part) => (part.startsWith("{") ? el("i", {}, part) : part));
  }

  function curl(operation, body) {
    const query = operation.parameters.filter((it) => it.in === "query" && it.required).map((it) => `${it.name}=$ACCOUNT`);
    const path = operation.path + (query.length ? `?${query.join("&")}` : "");
    const lines = [`curl ${operation.verb === "get" ? "" : `-X ${operation.verb.toUpperCase()} `}"${location.origin}${path}"`];
    if (!(operation.security && !operation.security.length)) lines.push(`-H "Authorization: Bearer $TOKEN"`);
    if (body) lines.push(`-H "Content-Type: application/json"`, `-d '${JSON.stringify(body)}'`);
    return lines.join(" \\\n  ");
  }

  function parameters(operation) {
    return operation.parameters.map((parameter) => {
      const schema = resolve(parameter.schema || {});
      const served = parameter["x-unicrm-providers"];
      return el("tr", {},
        el("td", {}, parameter.name, parameter.in === "path" ? el("span", { class: "marks" }, el("span", { class: "mark" }, "path")) : null),
        el("td", {}, kind(schema)),
        el("td", {}, inline(parameter.description), values(schema),
          marks(parameter, parameter.required && parameter.in !== "path", served),
          served && !served.length ? el("span", { class: "marks" }, el("span", { class: "mark" }, "no provider yet")) : null));
    });
  }

  function show(operation, open) {
    const details = el("details", { class: "operation", id: operation.operationId, open },
      el("summary", {}, el("span", { class: `verb ${operation.verb}` }, operation.verb.toUpperCase()),
        el("span", { class: "path" }, colored(operation.path)), el("span", { class: "about" }, operation.summary)));
    let filled = false;
    const fill = () => {
      if (filled || !details.open) return;
      filled = true;
      details.append(inside(operation));
    };
    details.addEventListener("toggle", fill);
    fill();
    return details;
  }

  function inside(operation) {
    const answer = resolve(operation.responses["200"]);
    const [media, content] = Object.entries(answer.content || {})[0] || [];
    const request = resolve(operation.requestBody || {});
    const schema = ((request.content || {})["application/json"] || {}).schema;
    const body = schema ? sample(schema) : null;
    const writes = (name) => [...providers].filter((provider) => {
      const it = (operation["x-unicrm-providers"] || {})[provider];
      return it && it.fields && it.fields.includes(name);
    });
    return el("div", { class: "inside" },
      paragraphs(operation.description),
      support(operation),
      code(curl(operation, schema ? brief(body) : null)),
      operation.parameters.length ? [el("h3", {}, "Parameters"), fields(["Name", "Type", "Meaning"], parameters(operation))] : null,
      schema ? [el("h3", {}, "Body"),
        fields(["Field", "Type", "Meaning"], rows(schema, 0, isUnified(operation.tags[0]) ? writes : null))] : null,
      natives(operation),
      el("h3", {}, "Answer"),
      el("p", {}, inline(answer.description), media && media !== "application/json" ? [" As ", el("code", {}, media), "."] : null),
      content && content.schema && media === "application/json" ? [
        isUnified(operation.tags[0]) ? null : fields(["Field", "Type", "Meaning"], rows(content.schema, 0)),
        code(JSON.stringify(sample(content.schema), null, 2)),
      ] : null);
  }

  // A short body for a command line: the first few plain fields.
  function brief(body) {
    const plain = Object.entries(body).filter(([, value]) => typeof value !== "object" && value !== "…");
    return Object.fromEntries(plain.slice(0, 3));
  }

  // ---- pages

  function home() {
    const unified = [...topics.values()].filter((topic) => isUnified(topic.name));
    return [
      el("h1", {}, spec.info.title, " ", el("small", {}, "API")),
      el("p", { class: "lead" }, spec.info.summary, "."),
      ...paragraphs(spec.info.description).slice(1),
      el("h2", { class: "section" }, "What each provider serves"),
      matrix(unified),
    ];
  }

  function matrix(unified) {
    const names = [...providers];
    const cell = (topic, provider) => {
      const served = topic.operations.filter((operation) => serves(operation, provider)).map(methodOf);
      return el("td", { class: served.length ? "yes" : "" }, served.length ? served.join(", ") : "–");
    };
    return el("table", { class: "matrix" },
      el("thead", {}, el("tr", {}, el("th", {}, "Resource"), names.map((name) => el("th", {}, labelOf(name))))),
      el("tbody", {}, unified.map((topic) => el("tr", {},
        el("th", {}, el("a", { href: address(topic.name) }, topic.name)), names.map((name) => cell(topic, name))))));
  }

  function methodOf(operation) {
    const single = operation.path.endsWith("/{id}");
    const names = { get: single ? "get" : "list", post: "create", patch: "update", delete: "delete" };
    return operation.path.split("/").length === 5 && !single ? operation.path.split("/").pop() : names[operation.verb];
  }

  function recordOf(topic) {
    const get = topic.operations.find((it) => it.verb === "get" || it.verb === "post");
    const schema = ((resolve(get && get.responses["200"]).content || {})["application/json"] || {}).schema;
    const resolved = resolve(schema);
    return resolved.properties && resolved.properties.result ? resolve(resolved.properties.result.items) : resolved;
  }

  function page(topic, chosen) {
    const unified = isUnified(topic.name);
    const [model, resource] = topic.name.split("/");
    return [
      el("h1", {}, unified ? [el("small", {}, `${model}/`), resource] : topic.name),
      el("p", { class: "lead" }, inline(topic.description)),
      ...topic.operations.map((operation) => show(operation, operation.operationId === chosen)),
      unified ? [el("h2", { class: "section" }, "Fields"),
        fields(["Field", "Type", "Meaning"], rows(recordOf(topic), 0))] : null,
    ].flat().filter(Boolean);
  }

  const index = [];
  for (const topic of topics.values()) {
    for (const operation of topic.operations) {
      index.push({
        href: `${address(topic.name)}:${operation.operationId}`,
        operation,
        words: `${topic.name} ${operation.path} ${operation.summary} ${operation.operationId}`.toLowerCase(),
        deep: operation.parameters.map((it) => `${it.name} ${it.description || ""}`).join(" ").toLowerCase(),
      });
    }
    if (isUnified(topic.name)) {
      for (const [name, member] of Object.entries(recordOf(topic).properties || {})) {
        const about = resolve(member).description || "";
        index.push({ href: address(topic.name), field: name, topic, about, words: `${topic.name} ${name}`.toLowerCase(), deep: about.toLowerCase() });
      }
    }
  }

  function results(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const weight = (entry) => {
      if (words.every((word) => entry.words.includes(word))) return 2;
      return words.every((word) => entry.words.includes(word) || entry.deep.includes(word)) ? 1 : 0;
    };
    const found = index.map((entry) => [weight(entry), entry]).filter(([it]) => it > 0);
    found.sort(([one], [other]) => other - one);
    return [
      el("h1", {}, found.length ? `${found.length} found` : "Nothing found"),
      el("ul", { class: "found" }, found.slice(0, 80).map(([, entry]) => el("li", {}, el("a", { href: entry.href }, entry.operation
        ? [el("span", { class: `verb ${entry.operation.verb}` }, entry.operation.verb.toUpperCase()),
          el("span", { class: "path" }, colored(entry.operation.path)), el("small", {}, entry.operation.summary)]
        : [el("span", { class: "path" }, `${entry.topic.name} `, el("b", {}, entry.field)), el("small", {}, inline(entry.about))])))),
    ];
  }

  function contents() {
    const groups = new Map();
    for (const topic of topics.values()) {
      const group = isUnified(topic.name) ? `Unified ${topic.name.split("/")[0]}` : "Gateway";
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push(topic);
    }
    nav.replaceChildren(...[...groups].flatMap(([group, members]) => [
      el("h2", {}, group),
      ...members.map((topic) => el("a", { href: address(topic.name) }, isUnified(topic.name) ? topic.name.split("/")[1] : topic.name)),
    ]));
  }

  function route() {
    const [name, chosen] = decodeURIComponent(location.hash.slice(1)).split(":");
    const topic = [...topics.values()].find((it) => address(it.name) === `#${name}`);
    for (const link of nav.querySelectorAll("a")) {
      if (topic && link.getAttribute("href") === address(topic.name)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = topic ? `${topic.name} · unicrm API` : "unicrm API";
    main.replaceChildren(...(topic ? page(topic, chosen) : home()));
    const target = chosen && document.getElementById(chosen);
    if (target) target.scrollIntoView();
    else scrollTo(0, 0);
  }

  contents();
  route();
  addEventListener("hashchange", () => {
    search.value = "";
    route();
  });
  search.addEventListener("input", () => {
    if (search.value.trim()) main.replaceChildren(...results(search.value));
    else route();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea)$/i.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      search.blur();
      route();
    }
  });
})();
