-- The spine: environments, what is switched on in them, connected accounts, their credentials, and tokens.
--
-- Every table but `integration` belongs to an environment, and every query names it first. Identifiers that the
-- gateway makes are UUIDs that sort by time; text that pages are keyed on is compared by its bytes (COLLATE "C"),
-- so that a page means the same on every server.

-- A tenant boundary. One named `default` is always there.
CREATE TABLE environment (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text COLLATE "C" NOT NULL UNIQUE CHECK (name <> ''),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A provider of the catalogue. Its label, categories and configuration come from the mappings folder by name.
CREATE TABLE integration (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text COLLATE "C" NOT NULL UNIQUE,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- A provider switched on in an environment.
CREATE TABLE environment_integration (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    environment_id  uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    integration_id  uuid NOT NULL REFERENCES integration ON DELETE CASCADE,
    is_enabled      boolean NOT NULL DEFAULT true,
    show_in_catalog boolean NOT NULL DEFAULT true,
    override        jsonb NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (environment_id, integration_id)
);

-- One customer's connected login. `context` holds what may be read back; secrets are in `credential`.
CREATE TABLE integrated_account (
    id                         uuid PRIMARY KEY,
    environment_id             uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    environment_integration_id uuid NOT NULL REFERENCES environment_integration ON DELETE CASCADE,
    tenant_id                  text COLLATE "C" NOT NULL,
    status                     text NOT NULL CHECK (status IN
        ('connecting', 'active', 'needs_reauth', 'post_install_error', 'validation_error')),
    authentication_method      text NOT NULL,
    region                     text NOT NULL DEFAULT 'wnam',
    is_sandbox                 boolean NOT NULL DEFAULT false,
    context                    jsonb NOT NULL DEFAULT '{}',
    unified_model_override     jsonb NOT NULL DEFAULT '{}',
    integration_override       jsonb NOT NULL DEFAULT '{}',
    last_error                 text,
    last_forbidden_error       jsonb,
    created_at                 timestamptz NOT NULL DEFAULT now(),
    updated_at                 timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX integrated_account_page ON integrated_account (environment_id, id);
CREATE INDEX integrated_account_tenant ON integrated_account (environment_id, tenant_id);

-- What an account calls its vendor with, encrypted. `version` rises with every change, so that two processes
-- that renew at once can tell; `lease` names the one that may, until `lease_until`.
CREATE TABLE credential (
    account_id     uuid PRIMARY KEY REFERENCES integrated_account ON DELETE CASCADE,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    key_id         text NOT NULL,
    sealed         bytea NOT NULL,
    version        bigint NOT NULL DEFAULT 1,
    lease          uuid,
    lease_until    timestamptz,
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX credential_key ON credential (key_id);

-- Tokens that backends call the gateway with. Only hashes are kept.
CREATE TABLE api_token (
    id             uuid PRIMARY KEY,
    environment_id uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    name           text NOT NULL,
    hash           bytea NOT NULL UNIQUE,
    expires_at     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX api_token_page ON api_token (environment_id, id);

-- Whatever a process may have cached is announced when it changes, in the transaction that changes it.
CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('unicrm_changes', TG_TABLE_NAME || ':' || coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;

CREATE FUNCTION announce_credential() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('unicrm_changes', 'integrated_account:' || coalesce(NEW.account_id, OLD.account_id));
    RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON integrated_account
    FOR EACH ROW EXECUTE FUNCTION announce_change();
CREATE TRIGGER announce AFTER UPDATE OR DELETE ON environment_integration
    FOR EACH ROW EXECUTE FUNCTION announce_change();
CREATE TRIGGER announce AFTER UPDATE OR DELETE ON api_token
    FOR EACH ROW EXECUTE FUNCTION announce_change();
-- A lease alone changes nothing that anybody has cached.
CREATE TRIGGER announce AFTER UPDATE OF sealed ON credential
    FOR EACH ROW EXECUTE FUNCTION announce_credential();

-- The default environment, with every provider switched on. An environment made later gets them the same way.
INSERT INTO environment (name) VALUES ('default');
INSERT INTO integration (name) VALUES ('capsule'), ('nutshell'), ('nimble');
INSERT INTO environment_integration (environment_id, integration_id)
    SELECT environment.id, integration.id FROM environment, integration;
