-- What CRMs told of their records, in order, for a week.

-- An event is customers' data, so it is kept encrypted; only what it is found by stands beside it.
CREATE TABLE event (
    id             uuid PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    account_id     uuid NOT NULL REFERENCES integrated_account ON DELETE CASCADE,
    key_id         text NOT NULL,
    sealed         bytea NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX event_order ON event (environment_id, id);
CREATE INDEX event_account ON event (account_id);
CREATE INDEX event_age ON event (created_at);
