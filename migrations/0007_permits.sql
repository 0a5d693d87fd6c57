-- How many calls of a window the processes have taken for themselves, so that a limit holds for all of them together.

-- Only the present window counts, so what a crash of the database takes away is a window's count and no more.
CREATE UNLOGGED TABLE permit (
    purpose      text NOT NULL,
    subject      uuid NOT NULL,
    -- The window's number since 1970.
    window_no    bigint NOT NULL,
    taken        bigint NOT NULL,
    -- What the last taker was given.
    given        bigint NOT NULL,
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (purpose, subject)
);

CREATE INDEX permit_age ON permit (updated_at);
