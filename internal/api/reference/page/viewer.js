// Shows /docs/openapi.json, or /docs/opal.json where the address ends in ?api=opal. Text from the description reaches the page through textContent only.
"use strict";

const index = document.getElementById("index");
const content = document.getElementById("content");
const search = document.getElementById("search");
const count = document.getElementById("count");

const opal = new URLSearchParams(location.search).get("api") === "opal";
const description = opal ? "/docs/opal.json" : "/docs/openapi.json";

let doc;
let base; // where the paths of the description begin
let operations = []; // {id, verb, path, op, group, tag, words}

// el makes an element: el("a", {href: "#x"}, "text", child, …).
function el(name, attributes, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) e.setAttribute(key, value);
  }
  e.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== ""));
  return e;
}

// prose turns a description into paragraphs, with `code` marked.
function prose(text) {
  return (text || "").split(/\n\s*\n/).filter((p) => p.trim()).map((p) =>
    el("p", {}, p.split("`").map((part, i) => (i % 2 ? el("code", {}, part) : part))));
}

const schemaName = (ref) => ref.slice("#/components/schemas/".length);
const schemaLink = (name) => el("a", { href: "#schema/" + encodeURIComponent(name) }, name);

// target is the schema that a schema refers to, by name; null when it is written in place.
function target(s) {
  const ref = s.$ref || (s.allOf && s.allOf.length === 1 && s.allOf[0].$ref);
  return ref ? schemaName(ref) : null;
}

// typeOf describes a schema in a few words.
function typeOf(s) {
  if (!s) return [];
  const name = target(s);
  if (name) {
    const there = doc.components.schemas[name] || {};
    return there.enum ? ["enum ", schemaLink(name)] : [schemaLink(name)];
  }
  if (s.type === "array") return ["array of ", ...typeOf(s.items)];
  if (s.additionalProperties && typeof s.additionalProperties === "object") return ["map to ", ...typeOf(s.additionalProperties)];
  const type = Array.isArray(s.type) ? s.type.join(" or ") : s.type || "any";
  return [s.format ? `${type} (${s.format})` : type];
}

// nested is the schema whose fields can be unfolded below a field; null when there are none.
function nested(s) {
  const name = target(s) || (s.items && target(s.items)) ||
    (s.additionalProperties && target(s.additionalProperties)) || null;
  const there = name && doc.components.schemas[name];
  return there && there.properties ? { name, schema: there } : null;
}

// oneOfGroups lists the sets of fields of which at most one may be set.
function oneOfGroups(s) {
  const unions = [s, ...(s.allOf || [])].map((part) => part.oneOf).filter(Boolean);
  return unions.map((union) => [...new Set(union.flatMap((choice) => choice.required || []))]).filter((g) => g.length > 1);
}

// fields lists the properties of an object. Nested objects unfold when they are opened, which also ends recursion.
function fields(s) {
  const properties = Object.entries(s.properties || {});
  if (!properties.length) return [s.enum ? enumValues(s) : el("p", { class: "note" }, "No fields.")];
  const list = el("dl");
  for (const [name, property] of properties) {
    const inside = nested(property);
    list.append(
      el("dt", {},
        el("span", { class: "name" }, name), el("span", { class: "type" }, typeOf(property)),
        (s.required || []).includes(name) ? el("span", { class: "badge warn" }, "required") : "",
        property.readOnly ? el("span", { class: "badge" }, "read-only") : "",
        property.writeOnly ? el("span", { class: "badge" }, "write-only") : "",
        property.deprecated ? el("span", { class: "badge" }, "deprecated") : ""),
      el("dd", {}, prose(property.description), enumOf(property), inside ? unfold(inside) : ""));
  }
  const groups = oneOfGroups(s).map((g) => el("p", { class: "note" }, "At most one of: " + g.join(", ") + "."));
  return [list, ...groups];
}

function enumOf(s) {
  const name = target(s) || (s.items && target(s.items));
  const there = name ? doc.components.schemas[name] : s;
  return there && there.enum ? enumValues(there) : "";
}

const enumValues = (s) => el("p", {}, s.enum.flatMap((v) => [el("code", {}, String(v)), " "]));

function unfold(inside) {
  const box = el("details", {}, el("summary", {}, "Fields of " + inside.name.split(".").pop()));
  box.addEventListener("toggle", () => {
    if (box.open && box.children.length === 1) box.append(...fields(inside.schema));
  });
  return box;
}

function jsonSchema(body) {
  const types = Object.entries((body && body.content) || {});
  return types.length ? { type: types[0][0], schema: types[0][1].schema || {} } : null;
}

// resolved is a schema with its reference followed.
const resolved = (s) => (target(s) ? doc.components.schemas[target(s)] || s : s);

// curl writes a call that a reader can complete.
function curl(o) {
  const body = jsonSchema(o.op.requestBody);
  const form = body && body.type.includes("form");
  const lines = [`curl${o.verb === "get" ? "" : " -X " + o.verb.toUpperCase()} "$URL${base}${o.path}"`];
  if (!(o.op.security && o.op.security.length === 0)) lines.push(`-H "Authorization: Bearer $TOKEN"`);
  if (form) lines.push(...(resolved(body.schema).required || []).map((name) => `--data-urlencode "${name}=…"`));
  else if (body) {
    const names = resolved(body.schema).required || [];
    lines.push(`-d '{${names.map((n) => `"${n}": …`).join(", ")}}'`);
  }
  return lines.join(" \\\n  ");
}

function section(title, ...children) {
  return [el("h2", {}, title), ...children.flat()];
}

function showOperation(o) {
  const body = jsonSchema(o.op.requestBody);
  const page = [
    el("h1", {}, o.id),
    el("div", { class: "route" }, el("span", { class: "verb " + o.verb }, o.verb.toUpperCase()), el("span", { class: "path" }, base + o.path)),
    el("p", {},
      o.op["x-not-served"] ? el("span", { class: "badge warn" }, "not served yet: 501") : "",
      o.op.deprecated ? el("span", { class: "badge" }, "deprecated") : ""),
    ...prose(o.op.summary), ...prose(o.op.description),
  ];
  if (o.op["x-permission"]) page.push(el("p", { class: "note" }, "Needs ", el("code", {}, o.op["x-permission"])));
  for (const place of ["path", "query"]) {
    const parameters = (o.op.parameters || []).filter((p) => p.in === place);
    if (!parameters.length) continue;
    const properties = Object.fromEntries(parameters.map((p) => [p.name, { ...p.schema, description: p.description }]));
    page.push(...section(place === "path" ? "Path" : "Query", fields({ properties })));
  }
  if (body) page.push(...section("Body", el("p", { class: "note" }, body.type), fields(resolved(body.schema))));
  for (const [status, response] of Object.entries(o.op.responses || {})) {
    const answer = jsonSchema(response);
    page.push(...section(status === "default" ? "Errors" : "Answer " + status, prose(response.description),
      answer ? [el("p", { class: "type" }, typeOf(answer.schema)), ...fields(resolved(answer.schema))] : []));
  }
  page.push(...section("Call", el("pre", {}, curl(o))));
  return page;
}

function showSchema(name) {
  const s = doc.components.schemas[name];
  if (!s) return [el("h1", {}, "No schema of this name"), el("p", {}, name)];
  const mentions = (value) => JSON.stringify(value).includes(`"#/components/schemas/${name}"`);
  const users = operations.filter((o) => mentions(o.op));
  const holders = Object.entries(doc.components.schemas).filter(([, other]) => mentions(other)).map(([n]) => n);
  return [
    el("h1", {}, name), ...prose(s.description), ...fields(s),
    ...(users.length + holders.length ? section("Used by", el("ul", {},
      users.map((o) => el("li", {}, el("a", { href: "#op/" + encodeURIComponent(o.id) }, o.id))),
      holders.map((n) => el("li", {}, schemaLink(n))))) : []),
  ];
}

function showStart() {
  const schemes = Object.entries(doc.components.securitySchemes || {}).map(([name, s]) => [
    el("dt", {}, el("span", { class: "name" }, name), el("span", { class: "type" }, [s.type, s.scheme].filter(Boolean).join(" "))),
    el("dd", {}, prose(s.description), Object.values(s.flows || {}).map((f) => el("p", {}, "Token endpoint: ", el("code", {}, f.tokenUrl)))),
  ]);
  return [
    el("h1", {}, doc.info.title + (opal ? "" : " API")), ...prose(doc.info.description),
    el("p", {}, "The description for programs: ", el("a", { href: description }, description)),
    el("p", {}, "Besides: ", opal ? el("a", { href: "/docs" }, "the ConductorOne-compatible API and Interim's own") :
      el("a", { href: "/docs?api=opal" }, "the Opal-compatible API")),
    ...section("Signing in", el("dl", {}, schemes.flat(2))),
  ];
}

function show() {
  const [kind, ...rest] = location.hash.slice(1).split("/");
  const name = decodeURIComponent(rest.join("/"));
  const o = kind === "op" && operations.find((candidate) => candidate.id === name);
  content.replaceChildren(...(o ? showOperation(o) : kind === "schema" ? showSchema(name) : showStart()));
  content.scrollTop = 0;
  document.title = (name || doc.info.title) + " · API reference";
  for (const link of index.querySelectorAll("a")) {
    if (link.hash === location.hash) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

const groupOf = (path) => opal ? "Opal-compatible" :
  path.startsWith("/api/interim/") ? "Interim" : path.startsWith("/api/") ? "ConductorOne-compatible" : "Signing in";

// list writes the index: the operations that hold every word of the search, and the schemas too once there is one.
function list() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hit = (text) => words.every((w) => text.includes(w));
  const found = operations.filter((o) => hit(o.words));
  const parts = [];
  for (const group of ["Signing in", "Interim", "ConductorOne-compatible", "Opal-compatible"]) {
    const members = found.filter((o) => o.group === group);
    if (!members.length) continue;
    parts.push(el("h2", {}, group));
    for (const tag of new Set(members.map((o) => o.tag))) {
      const about = (doc.tags || []).find((t) => t.name === tag) || {};
      if (tag !== group) parts.push(el("h3", { title: about.description }, tag));
      parts.push(el("ul", {}, members.filter((o) => o.tag === tag).map((o) =>
        el("li", {}, el("a", { href: "#op/" + encodeURIComponent(o.id), title: o.path },
          el("span", { class: "verb " + o.verb }, o.verb.toUpperCase()), el("span", {}, o.id.split(".").pop()))))));
    }
  }
  const schemas = words.length ? Object.keys(doc.components.schemas).filter((n) => hit(n.toLowerCase())) : [];
  if (schemas.length) parts.push(el("h2", {}, "Schemas"), el("ul", {}, schemas.map((n) => el("li", {}, schemaLink(n)))));
  index.replaceChildren(...parts);
  count.textContent = `${found.length} of ${operations.length} operations` + (words.length ? `, ${schemas.length} schemas` : "");
}

async function start() {
  const answer = await fetch(description);
  if (!answer.ok) throw new Error("the description answered " + answer.status);
  doc = await answer.json();
  base = ((doc.servers || [])[0] || { url: "" }).url.replace(/\/$/, "");
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [verb, op] of Object.entries(item)) {
      const tag = (op.tags || [""])[0];
      const words = [op.operationId, verb, path, op.summary, op.description].join(" ").toLowerCase();
      operations.push({ id: op.operationId, verb, path, op, tag, group: groupOf(path), words });
    }
  }
  operations.sort((a, b) => a.tag.localeCompare(b.tag) || a.path.localeCompare(b.path) || a.verb.localeCompare(b.verb));
  search.addEventListener("input", () => { list(); show(); });
  document.addEventListener("keydown", (e) => {
    if (e.key === "/" && document.activeElement !== search) { e.preventDefault(); search.focus(); }
  });
  addEventListener("hashchange", () => { show(); content.focus(); });
  list();
  show();
}

start().catch((e) => content.replaceChildren(el("h1", {}, "The description could not be read"), el("p", {}, e.message)));
