-- What calls need beside the account: keys that make a repeated write one write, and short-lived tokens of one account.

-- A key that a caller sent with a write, and the answer that a repeat gets. `scope` is a digest of method, path and
-- key, `fingerprint` one of query and body; neither is stored itself. While the write is on its way, `lease` names
-- who makes it, until `lease_until` unless renewed; `sent` is set before anything that the vendor could act on
-- leaves the gateway. `sealed` is the answer, encrypted: it is customers' data.
CREATE TABLE idempotency_key (
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    account_id     uuid NOT NULL REFERENCES integrated_account ON DELETE CASCADE,
    scope          bytea NOT NULL,
    fingerprint    bytea NOT NULL,
    lease          uuid NOT NULL,
    lease_until    timestamptz NOT NULL,
    sent           boolean NOT NULL DEFAULT false,
    key_id         text,
    sealed         bytea,
    expires_at     timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    CHECK ((key_id IS NULL) = (sealed IS NULL)),
    PRIMARY KEY (account_id, environment_id, scope)
);

CREATE INDEX idempotency_key_expiry ON idempotency_key (expires_at);

-- Tokens that reach one account for a quarter of an hour. Only hashes are kept.
CREATE TABLE account_token (
    hash           bytea PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    account_id     uuid NOT NULL REFERENCES integrated_account ON DELETE CASCADE,
    expires_at     timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX account_token_account ON account_token (account_id);
CREATE INDEX account_token_expiry ON account_token (expires_at);
