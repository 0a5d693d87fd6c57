-- What AI agents reach accounts by, and what they asked.

-- A server at an address of its own: whoever knows its token may call the tools of one account that it chooses.
CREATE TABLE mcp_server (
    id             uuid PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    account_id     uuid NOT NULL REFERENCES integrated_account ON DELETE CASCADE,
    name           text NOT NULL,
    -- The token's hash; the token itself is shown once and kept nowhere.
    hash           bytea NOT NULL UNIQUE,
    methods        text[] NOT NULL,
    tags           text[] NOT NULL,
    require_api_token_auth boolean NOT NULL,
    expires_at     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX mcp_server_account ON mcp_server (environment_id, account_id, id);
CREATE INDEX mcp_server_age ON mcp_server (expires_at) WHERE expires_at IS NOT NULL;

-- One message to such a server, without what was in it. The server may be gone since.
CREATE TABLE mcp_call (
    id             uuid PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    account_id     uuid NOT NULL REFERENCES integrated_account ON DELETE CASCADE,
    mcp_server_id  uuid NOT NULL,
    method         text NOT NULL,
    tool_name      text,
    client_name    text,
    client_version text,
    -- Of the answer as it would be over HTTP: an agent reads a failure inside a success.
    status         smallint NOT NULL,
    message        text,
    millis         double precision NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX mcp_call_order ON mcp_call (environment_id, id);
CREATE INDEX mcp_call_account ON mcp_call (account_id);
CREATE INDEX mcp_call_age ON mcp_call (created_at);
