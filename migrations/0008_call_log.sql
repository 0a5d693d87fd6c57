-- Calls for accounts, as /log shows them. What is in an entry is the gateway's to say: neither bodies nor queries.

CREATE TABLE call_log (
    id             uuid PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    -- What is known of an account goes with it.
    account_id     uuid NOT NULL REFERENCES integrated_account ON DELETE CASCADE,
    entry          jsonb NOT NULL,
    created_at     timestamptz NOT NULL
);

CREATE INDEX call_log_order ON call_log (environment_id, id);
CREATE INDEX call_log_account ON call_log (account_id, id);
CREATE INDEX call_log_age ON call_log (created_at);
