-- Connecting accounts: tokens that open the hosted pages, the browser sessions that they are exchanged for, and what
-- happens to accounts told as events.

-- What the vendor calls the tenant that an account is in, once it has said: connecting the account again must not swap
-- in another one unseen.
ALTER TABLE integrated_account ADD COLUMN vendor_tenant text;

-- When an access token is due to be renewed ahead of its end. Claiming a renewal moves it on.
ALTER TABLE credential ADD COLUMN renew_at timestamptz;
CREATE INDEX credential_renewal ON credential (renew_at) WHERE renew_at IS NOT NULL;

-- Origins whose pages may open, frame and be told of the connect pages, and be returned to, beside those of the
-- operator's setting.
ALTER TABLE environment ADD COLUMN connect_origins text[] NOT NULL DEFAULT '{}';

-- The secret of an environment's own OAuth app, encrypted; the app's id stands in `override`.
ALTER TABLE environment_integration ADD COLUMN app_key_id text;
ALTER TABLE environment_integration ADD COLUMN app_sealed bytea;
ALTER TABLE environment_integration ADD CHECK ((app_key_id IS NULL) = (app_sealed IS NULL));

-- A link token: what it was made for, encrypted, because a context may hold secrets. `session` is the hash of the
-- session that it was exchanged for: from then on it opens nothing else.
CREATE TABLE link_token (
    hash           bytea PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    account_id     uuid REFERENCES integrated_account ON DELETE CASCADE,
    key_id         text NOT NULL,
    sealed         bytea NOT NULL,
    session        bytea,
    expires_at     timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX link_token_expiry ON link_token (expires_at);

-- A browser that is connecting an account. The cookie's value is kept as its hash; what the session knows is encrypted.
-- `version` rises with every change, so that of two requests that use something up only one does.
CREATE TABLE connect_session (
    hash           bytea PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    key_id         text NOT NULL,
    sealed         bytea NOT NULL,
    version        bigint NOT NULL DEFAULT 1,
    expires_at     timestamptz NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX connect_session_expiry ON connect_session (expires_at);

-- What happens to an account is told even of one that is no more; what its CRM told of its records goes with it.
ALTER TABLE event ADD COLUMN of_account boolean NOT NULL DEFAULT false;
ALTER TABLE event DROP CONSTRAINT event_account_id_fkey;

CREATE FUNCTION forget_record_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM event WHERE account_id = OLD.id AND NOT of_account;
    RETURN NULL;
END $$;

CREATE TRIGGER forget_events AFTER DELETE ON integrated_account
    FOR EACH ROW EXECUTE FUNCTION forget_record_events();
