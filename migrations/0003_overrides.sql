-- What users change of the unified models: models of their own, and mappings per environment.
--
-- The shipped models and mappings are files of the binary; `unified_model` names them so that rows can refer to
-- them. A row's `config` is laid over the layer beneath it key by key, objects member by member.

CREATE TABLE unified_model (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    environment_id uuid REFERENCES environment ON DELETE CASCADE, -- NULL: shipped with the binary
    name           text COLLATE "C" NOT NULL CHECK (name <> ''),
    category       text NOT NULL DEFAULT 'crm',
    description    text,
    resources      jsonb NOT NULL DEFAULT '{}',
    scopes         jsonb NOT NULL DEFAULT '{}',
    webhooks       jsonb NOT NULL DEFAULT '{}',
    version        integer NOT NULL DEFAULT 1,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX unified_model_name ON unified_model (coalesce(environment_id, '00000000-0000-0000-0000-000000000000'), name);

-- How a model of a user's own is served, method by method.
CREATE TABLE unified_model_resource_method (
    id               uuid PRIMARY KEY,
    environment_id   uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    unified_model_id uuid NOT NULL REFERENCES unified_model ON DELETE CASCADE,
    resource_name    text COLLATE "C" NOT NULL,
    integration_name text COLLATE "C" NOT NULL,
    method_name      text COLLATE "C" NOT NULL,
    config           jsonb NOT NULL DEFAULT '{}',
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (unified_model_id, resource_name, integration_name, method_name)
);

-- A model switched on in an environment. Its override changes documents, not answers.
CREATE TABLE environment_unified_model (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    environment_id   uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    unified_model_id uuid NOT NULL REFERENCES unified_model ON DELETE CASCADE,
    override         jsonb NOT NULL DEFAULT '{}',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (environment_id, unified_model_id)
);

-- What an environment changes of how a model is served.
CREATE TABLE environment_unified_model_resource_method (
    id                           uuid PRIMARY KEY,
    environment_id               uuid NOT NULL REFERENCES environment ON DELETE CASCADE,
    environment_unified_model_id uuid NOT NULL REFERENCES environment_unified_model ON DELETE CASCADE,
    resource_name                text COLLATE "C" NOT NULL,
    integration_name             text COLLATE "C" NOT NULL,
    method_name                  text COLLATE "C" NOT NULL,
    config                       jsonb NOT NULL DEFAULT '{}',
    version                      integer NOT NULL DEFAULT 1,
    created_at                   timestamptz NOT NULL DEFAULT now(),
    updated_at                   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (environment_unified_model_id, resource_name, integration_name, method_name)
);

-- Processes keep an environment's mappings together, so a change is announced for the environment.
CREATE FUNCTION announce_mappings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('unicrm_changes', 'mappings:' || coalesce(NEW.environment_id, OLD.environment_id));
    RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER UPDATE OR DELETE ON unified_model
    FOR EACH ROW EXECUTE FUNCTION announce_mappings();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON unified_model_resource_method
    FOR EACH ROW EXECUTE FUNCTION announce_mappings();
CREATE TRIGGER announce AFTER INSERT OR DELETE ON environment_unified_model
    FOR EACH ROW EXECUTE FUNCTION announce_mappings();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON environment_unified_model_resource_method
    FOR EACH ROW EXECUTE FUNCTION announce_mappings();

INSERT INTO unified_model (name, category, description) VALUES
    ('crm', 'crm', 'Contacts, accounts, deals and what happens with them.'),
    ('user-directory', 'user-directory', 'The people who work in a product.');
INSERT INTO environment_unified_model (environment_id, unified_model_id)
    SELECT environment.id, unified_model.id FROM environment, unified_model;
