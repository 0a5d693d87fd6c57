// The official TypeScript client of the Model Context Protocol, unmodified, against a gateway: an agent's way from its
// address to a changed record, for an account at every sandbox.
//
// Run by `tests/clients/run`, which gives the gateway's URL, an API token, the accounts, and where the client is.

import assert from "node:assert/strict";

const { UNICRM_URL: url, UNICRM_TOKEN: token, UNICRM_ACCOUNTS: accounts, MCP_CLIENT: sdk } = process.env;
const { Client } = await import(`${sdk}/dist/esm/client/index.js`);
const { StreamableHTTPClientTransport } = await import(`${sdk}/dist/esm/client/streamableHttp.js`);

async function api(method, path, body) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    assert.equal(answer.status, 200, await answer.clone().text());
    return answer.json();
}

async function server(account, config) {
    return api("POST", `/integrated-account/${account}/mcp`, { name: "the published client", config });
}

async function connected(made, options) {
    const client = new Client({ name: "published-client", version: "1.0.0" });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp/${made.token}`), options));
    return client;
}

async function done(client, name, args) {
    const result = await client.callTool({ name, arguments: args });
    assert.ok(!result.isError, JSON.stringify(result));
    assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
    return result.structuredContent;
}

// The vendor's own operations: every tool is there with a schema, and the client validates all it is sent.
async function native(account, provider) {
    const made = await server(account, {});
    const client = await connected(made);
    assert.equal(client.getServerVersion().name, "unicrm");
    await client.ping();
    const { tools } = await client.listTools();
    assert.ok(tools.length > 80, `${provider}: ${tools.length} tools`);
    assert.ok(tools.every((tool) => tool.name.includes(provider) && tool.description && tool.annotations));
    const failed = await client.callTool({ name: tools[0].name, arguments: { nothing_of_the_kind: 1 } });
    assert.ok(failed.isError && failed.structuredContent.next_step, JSON.stringify(failed));
    await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), /-32602/);
    await client.close();
    await api("DELETE", `/integrated-account/${account}/mcp/${made.id}`);
    await assert.rejects(connected(made));
}

// The unified methods: find, read on, change, look again.
async function unified(account, provider) {
    const client = await connected(await server(account, { tags: ["unified"] }));
    const first = await done(client, "list_all_unified_contacts", { limit: 1 });
    const next = await done(client, "list_all_unified_contacts", { limit: 1, next_cursor: first.nextCursor });
    assert.notEqual(first.items[0].id, next.items[0].id, provider);
    const { id } = first.items[0];
    await done(client, "update_a_unified_contact_by_id", { id, first_name: "Agenta" });
    const [one, two] = await Promise.all([
        done(client, "get_single_unified_contact_by_id", { id }),
        done(client, "get_single_unified_contact_by_id", { id: next.items[0].id }),
    ]);
    assert.equal(one.first_name, "Agenta", provider);
    assert.equal(two.id, next.items[0].id, provider);
    await client.close();
}

async function guarded(account) {
    const made = await server(account, { methods: ["read"], require_api_token_auth: true });
    await assert.rejects(connected(made));
    const client = await connected(made, { requestInit: { headers: { authorization: `Bearer ${token}` } } });
    const { tools } = await client.listTools();
    assert.ok(tools.length > 0 && tools.every((tool) => tool.annotations.readOnlyHint));
    await client.close();
}

for (const account of accounts.split(/\s+/).filter(Boolean)) {
    const { integration } = await api("GET", `/integrated-account/${account}`);
    await native(account, integration.name);
    await unified(account, integration.name);
    await guarded(account);
    const { result } = await api("GET", `/log?log_type=mcp&integrated_account_id=${account}`);
    assert.ok(result.some((entry) => entry.client_name === "published-client" && entry.mcp_method === "tools/call"));
    console.log(`The official TypeScript client works with ${integration.name}.`);
}
