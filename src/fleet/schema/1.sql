-- A fleet's database, version 1: tables that nobody reads, and functions that kiosks and admins may call.
--
-- `vestibule fleet init` runs it in one transaction, as a superuser or as a role that owns the database and has CREATEROLE. It grants
-- vestibule_owner and vestibule_keeper to that role before it, and takes them back after it.
--
-- A kiosk's own program may be hostile: it speaks any SQL, in any order, on up to three connections, rolls back what it likes and
-- holds what it locked. Four rules answer that; each function below keeps them.
--
--   1. Paid is what was committed. `pay` charges and answers nothing; `look_up` answers only what an earlier transaction paid. In one
--      statement, or one transaction, a ROLLBACK after the answer would give the guess back.
--   2. `pay` looks at nothing but buckets. What it does not read it cannot tell, neither by time, nor by locks, nor by the
--      counters of pg_stat_get_xact_tuples_updated.
--   3. Kiosks and admins write different tables. A lock that a kiosk can hold never stands before `put`, `remove` or `expel`, so
--      nothing here has a foreign key from a kiosk's table to an admin's.
--   4. No advisory locks: every role may take any of them. No isolation but READ COMMITTED: an older snapshot does not see
--      what others did since.

-- Roles ------------------------------------------------------------------------------------------------------------------------------
-- The keeper makes, closes and signals kiosks' roles. Up to PostgreSQL 15 CREATEROLE is nearly as much as a superuser, so it owns
-- four functions and no table, and nobody logs in as it.

CREATE ROLE vestibule_owner NOLOGIN;
CREATE ROLE vestibule_keeper NOLOGIN CREATEROLE;
CREATE ROLE vestibule_admin NOLOGIN;
CREATE ROLE vestibule_kiosk NOLOGIN;
-- Closed until `open_joining`: whoever logs in here is a stranger with a whole SQL interpreter. The password is no secret.
CREATE ROLE vestibule_join LOGIN PASSWORD 'join' CONNECTION LIMIT 4 VALID UNTIL '-infinity';
GRANT vestibule_owner, vestibule_keeper TO CURRENT_USER;
GRANT vestibule_kiosk TO vestibule_keeper WITH ADMIN OPTION;
-- From 16 on, CREATEROLE reaches only those it was granted.
GRANT vestibule_join TO vestibule_keeper WITH ADMIN OPTION;

-- PUBLIC has TEMPORARY: a table in pg_temp stands before every schema.
DO $$ BEGIN EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
            EXECUTE format('GRANT CONNECT ON DATABASE %I TO vestibule_kiosk, vestibule_admin, vestibule_join', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE vestibule_keeper REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE SCHEMA vestibule AUTHORIZATION vestibule_owner;
CREATE SCHEMA vestibule_api AUTHORIZATION vestibule_owner;
GRANT CREATE ON SCHEMA vestibule_api TO vestibule_keeper; -- taken back at the end
GRANT USAGE ON SCHEMA vestibule TO vestibule_keeper;
GRANT USAGE ON SCHEMA vestibule_api TO vestibule_kiosk, vestibule_admin, vestibule_join;

SET ROLE vestibule_owner;

-- Tables that admins write -----------------------------------------------------------------------------------------------------------

CREATE TABLE vestibule.fleet (
    only_one        boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    schema_version  integer NOT NULL,
    oldest_program  integer NOT NULL, -- a program below it may not write
    generation      integer NOT NULL,
    salt            bytea NOT NULL CHECK (length(salt) = 16),
    cost            integer[] NOT NULL,
    per_hour        integer NOT NULL DEFAULT 0 CHECK (0 <= per_hour), -- 0: no limit
    per_day         integer NOT NULL DEFAULT 0 CHECK (0 <= per_day),
    offline_days    integer NOT NULL DEFAULT 7 CHECK (offline_days BETWEEN 0 AND 90),
    keep_days       integer NOT NULL DEFAULT 90 CHECK (keep_days BETWEEN 1 AND 3650),
    restored        bigint NOT NULL DEFAULT 0, -- when an admin said last that a backup was restored, in ms; and their proof of it
    restored_proof  bytea NOT NULL DEFAULT ''
);
CREATE TABLE vestibule.rates ( -- what may be spent, and how fast it comes back
    kind   text PRIMARY KEY,
    holds  integer NOT NULL CHECK (0 < holds),
    refill interval NOT NULL
);
-- A name that people tell apart from others and that stays on its line: no space around it, nothing invisible.
CREATE FUNCTION vestibule.is_name(name text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS
$$ SELECT length(name) BETWEEN 1 AND 100 AND name = btrim(name)
          AND name !~ '[[:cntrl:]\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]' $$;
CREATE TABLE vestibule.sites (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (vestibule.is_name(name)),
    zone text NOT NULL CHECK (clock_timestamp() AT TIME ZONE zone IS NOT NULL) -- where the day of a limit begins
);
CREATE UNIQUE INDEX sites_name ON vestibule.sites (lower(name));
CREATE TABLE vestibule.door_limits (
    door    bigint PRIMARY KEY,
    per_day integer NOT NULL CHECK (0 < per_day)
);
CREATE TABLE vestibule.kiosks (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role       name NOT NULL UNIQUE,
    name       text NOT NULL CHECK (vestibule.is_name(name)),
    site       integer NOT NULL REFERENCES vestibule.sites,
    public_key text NOT NULL UNIQUE, -- an age recipient
    expelled   timestamptz
);
-- An expelled kiosk keeps its name, and another one may have it.
CREATE UNIQUE INDEX kiosks_name ON vestibule.kiosks (lower(name)) WHERE expelled IS NULL;
CREATE INDEX kiosks_of_site ON vestibule.kiosks (site) WHERE expelled IS NULL;
CREATE TABLE vestibule.wrapped_keys (
    kiosk      integer NOT NULL REFERENCES vestibule.kiosks,
    generation integer NOT NULL,
    wrapped    bytea NOT NULL,
    PRIMARY KEY (kiosk, generation)
);
CREATE TABLE vestibule.admins ( -- who can wrap the data keys for others
    role       name NOT NULL,
    public_key text NOT NULL CHECK (public_key ~ '^age1[0-9a-z]{58}$'),
    generation integer NOT NULL,
    wrapped    bytea NOT NULL,
    PRIMARY KEY (role, generation)
);
-- Never given twice, also when somebody with that version was removed: a cache compares for equality.
CREATE SEQUENCE vestibule.versions;
-- The highest id that was given or put. Ids are part of the seals, so they must be known before a row is written.
CREATE TABLE vestibule.last_staff (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id       bigint NOT NULL
);
INSERT INTO vestibule.last_staff (id) VALUES (0);
CREATE TABLE vestibule.staff (
    id         bigint PRIMARY KEY CHECK (0 < id),
    email      text NOT NULL CHECK (0 < length(email)),
    name       text NOT NULL,
    salt       bytea NOT NULL CHECK (length(salt) = 16),
    revision   bigint NOT NULL,
    login_id   bigint NOT NULL,
    suspended  boolean NOT NULL DEFAULT false,
    proof      bytea, -- by an admin, over what is above: the database cannot change it alone
    version    bigint NOT NULL DEFAULT nextval('vestibule.versions'), -- grows with every change that a cache must notice
    everywhere boolean NOT NULL DEFAULT true -- at all sites. Otherwise at those of staff_sites
);
CREATE UNIQUE INDEX staff_email ON vestibule.staff (lower(email));
CREATE TABLE vestibule.staff_sites (
    staff bigint NOT NULL REFERENCES vestibule.staff ON DELETE CASCADE,
    site  integer NOT NULL REFERENCES vestibule.sites,
    PRIMARY KEY (staff, site)
);
CREATE TABLE vestibule.tags ( -- PINs and badges: both are found by 32 bytes
    kind       text NOT NULL CHECK (kind IN ('pin', 'badge')),
    tag        bytea NOT NULL CHECK (length(tag) = 32),
    staff      bigint NOT NULL REFERENCES vestibule.staff ON DELETE CASCADE,
    generation integer NOT NULL,
    hint       text, -- of a badge: the end of its number, for lists
    sealed     bytea, -- of a badge: its number, by which a new data key indexes it
    PRIMARY KEY (kind, tag),
    CHECK (kind = 'badge' OR (hint IS NULL AND sealed IS NULL))
);
CREATE INDEX tags_of_staff ON vestibule.tags (staff, kind);
CREATE TABLE vestibule.logins (
    staff      bigint NOT NULL REFERENCES vestibule.staff ON DELETE CASCADE,
    opened_by  text NOT NULL CHECK (opened_by IN ('pin', 'device')),
    generation integer NOT NULL,
    revision   bigint NOT NULL,
    nonce      bytea NOT NULL CHECK (length(nonce) = 24),
    sealed     bytea NOT NULL,
    PRIMARY KEY (staff, opened_by, generation)
);
CREATE TABLE vestibule.acts ( -- what admins did
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), admin name NOT NULL DEFAULT session_user, about text NOT NULL
);

-- Tables that kiosks write, through functions ----------------------------------------------------------------------------------------

CREATE TABLE vestibule.join_requests (
    public_key text PRIMARY KEY CHECK (public_key ~ '^age1[0-9a-z]{58}$'), -- an age recipient
    verifier   text NOT NULL, -- of a password that the kiosk made and nobody else knows
    at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE vestibule.contacts (
    kiosk   integer PRIMARY KEY,
    program integer NOT NULL,
    at      timestamptz NOT NULL
) WITH (fillfactor = 50); -- HOT: no index changes
-- A bucket is one moment: when it is full again. Each guess moves that by the time that one takes to come back.
CREATE TABLE vestibule.buckets (
    kiosk   integer NOT NULL,
    kind    text NOT NULL,
    full_at timestamptz NOT NULL,
    PRIMARY KEY (kiosk, kind)
) WITH (fillfactor = 50);
-- Tries at the PIN of a badge, known or not, over all kiosks.
CREATE TABLE vestibule.tries (
    badge   bytea PRIMARY KEY,
    full_at timestamptz NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE vestibule.payments ( -- the last one of each kiosk
    kiosk integer PRIMARY KEY,
    kind  text NOT NULL,
    tag   bytea NOT NULL,
    pin   bytea, -- of a badge's PIN
    at    timestamptz NOT NULL,
    xact  xid8 NOT NULL,
    open  boolean NOT NULL
) WITH (fillfactor = 50);
-- Whose rows this kiosk got: whom it may act for, and whose logins are renewed when it is expelled, whatever it says it keeps.
CREATE TABLE vestibule.seen (
    kiosk    integer NOT NULL,
    staff    bigint NOT NULL,
    revision bigint NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (kiosk, staff)
);
CREATE TABLE vestibule.habits ( -- what kiosks note about people; a hint, nothing depends on it
    staff    bigint PRIMARY KEY,
    language text,
    refused  timestamptz,
    revision bigint -- of the login that was refused. A new login is not, and no admin has to wait for this row
);
CREATE TABLE vestibule.turns ( -- whose limits are being counted: one at a time
    staff bigint PRIMARY KEY,
    turn  bigint NOT NULL
) WITH (fillfactor = 70);
-- The number is that of the kiosk's own audit record: sent twice, it is the same intent, and no kiosk learns what others do.
CREATE TABLE vestibule.intents (
    kiosk   integer NOT NULL,
    number  bigint NOT NULL,
    staff   bigint NOT NULL,
    door    bigint NOT NULL,
    at      timestamptz NOT NULL,
    result  text CHECK (result IN ('accepted', 'unknown', 'refused', 'not-sent')),
    offline boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kiosk, number)
);
CREATE INDEX intents_that_count ON vestibule.intents (staff, at) INCLUDE (door)
    WHERE result IS NULL OR result IN ('accepted', 'unknown');
CREATE INDEX intents_at ON vestibule.intents (at);
CREATE TABLE vestibule.audit (
    kiosk  integer NOT NULL,
    number bigint NOT NULL,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- received
    record bytea NOT NULL CHECK (length(record) BETWEEN 1 AND 8192),
    hash   bytea NOT NULL,
    PRIMARY KEY (kiosk, number)
);
-- Where a kiosk's chain begins here, and where it stands. It begins after record 0, whose hash is 32 zeros, or later: after what the
-- kiosk wrote before it joined, and after what was pruned.
CREATE TABLE vestibule.heads (
    kiosk        integer PRIMARY KEY,
    first_number bigint NOT NULL DEFAULT 0, first_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    number       bigint NOT NULL DEFAULT 0, hash       bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
) WITH (fillfactor = 50);

-- Inside -----------------------------------------------------------------------------------------------------------------------------

-- The kiosk that calls. The same answer for one that was expelled and one that never was.
CREATE FUNCTION vestibule.caller() RETURNS vestibule.kiosks LANGUAGE plpgsql AS $$
DECLARE kiosk vestibule.kiosks;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'only READ COMMITTED' USING ERRCODE = 'VK002';
    END IF;
    SELECT * INTO kiosk FROM vestibule.kiosks WHERE role = session_user AND expelled IS NULL;
    IF NOT FOUND THEN RAISE EXCEPTION 'not a kiosk of this fleet' USING ERRCODE = 'VK001'; END IF;
    -- The kiosk may have turned it off. It may turn it off again, and then loses what is its own.
    PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local');
    RETURN kiosk;
END $$;

-- Takes `price` from a bucket, or says when it could. A clock set back ends no bucket for longer than it takes to fill it.
CREATE FUNCTION vestibule.charge(kiosk_id integer, of_kind text, price integer DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
DECLARE now timestamptz; rate vestibule.rates; until timestamptz; latest timestamptz;
BEGIN
    SELECT * INTO STRICT rate FROM vestibule.rates WHERE kind = of_kind;
    SELECT full_at INTO STRICT until FROM vestibule.buckets WHERE kiosk = kiosk_id AND kind = of_kind FOR UPDATE;
    now := clock_timestamp(); -- after the wait
    latest := now + rate.holds * rate.refill;
    until := least(greatest(until, now), latest) + price * rate.refill;
    IF latest < until THEN
        RAISE EXCEPTION 'spent: %', of_kind
            USING ERRCODE = 'VK010', DETAIL = ceil(extract(epoch FROM until - latest));
    END IF;
    UPDATE vestibule.buckets SET full_at = until WHERE kiosk = kiosk_id AND kind = of_kind;
END $$;

-- Whether somebody signs in at a site.
CREATE FUNCTION vestibule.comes_in(staff_id bigint, everywhere boolean, site_id integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF everywhere THEN RETURN true; END IF;
    RETURN EXISTS (SELECT 1 FROM vestibule.staff_sites WHERE staff = staff_id AND site = site_id);
END $$;

-- The person, if this kiosk got their row lately and they may still come in. Nobody, suspended and elsewhere look alike to a kiosk
-- that never saw them.
CREATE FUNCTION vestibule.present(kiosk vestibule.kiosks, staff_id bigint, within interval) RETURNS vestibule.staff
LANGUAGE plpgsql AS $$
DECLARE person vestibule.staff;
BEGIN
    SELECT staff.* INTO person
    FROM vestibule.seen JOIN vestibule.staff ON staff.id = seen.staff
    WHERE seen.kiosk = kiosk.id AND seen.staff = staff_id AND clock_timestamp() - within < seen.at
      AND vestibule.comes_in(staff.id, staff.everywhere, kiosk.site);
    IF NOT FOUND THEN RAISE EXCEPTION 'nobody who was here' USING ERRCODE = 'VK020'; END IF;
    RETURN person;
END $$;

-- Tells the kiosks that somebody has changed, and writes down who did it.
-- It is a hint: everybody may send this, and what it says is asked for. Whoever does not keep this person stays asleep.
-- The queue is everybody's too: full, it would refuse the whole transaction, and that cannot be caught.
CREATE FUNCTION vestibule.announce(staff_id bigint, about text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO vestibule.acts (about) VALUES (format('%s: %s', staff_id, about));
    PERFORM pg_notify('vestibule_changes', staff_id::text) WHERE pg_notification_queue_usage() < 0.5;
END $$;

-- Takes out records, intents and what belongs to people who are gone, of one kiosk (`own`), of kiosks that were expelled and of kiosks
-- that were not there for a day; `own` NULL: of all. Nothing that is younger than `keep_days`. Nobody waits for it, and it waits for nobody:
-- a kiosk that leaves its transaction open holds no lock that another one needs.
-- The youngest record of each kiosk stays. The chain begins where this ends.
CREATE FUNCTION vestibule.prune(own integer, at_most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    now timestamptz := clock_timestamp();
    limit_at timestamptz := now - (SELECT keep_days FROM vestibule.fleet) * interval '1 day';
    -- A kiosk serves somebody for up to 90 days after it saw them, and intents of the last 91 days are still taken.
    unseen_at timestamptz := least(limit_at, now - interval '182 days');
    head vestibule.heads; upto bigint; count bigint; went bigint := 0;
BEGIN
    FOR head IN
        SELECT h.* FROM vestibule.heads AS h
        JOIN vestibule.audit AS oldest ON oldest.kiosk = h.kiosk AND oldest.number = h.first_number + 1
        LEFT JOIN vestibule.contacts AS c ON c.kiosk = h.kiosk
        WHERE oldest.at < limit_at AND oldest.number < h.number
          AND (own IS NULL OR h.kiosk = own OR coalesce(c.at, '-infinity') < now - interval '1 day'
               OR EXISTS (SELECT 1 FROM vestibule.kiosks AS k WHERE k.id = h.kiosk AND k.expelled IS NOT NULL))
        FOR UPDATE OF h SKIP LOCKED
    LOOP
        EXIT WHEN at_most <= went;
        -- All that are old up to the first one that is not: a clock may have been set back.
        upto := head.first_number + at_most - went;
        upto := least(upto, head.number - 1, (SELECT min(a.number) - 1 FROM vestibule.audit AS a
                                              WHERE a.kiosk = head.kiosk AND a.number <= upto + 1 AND limit_at <= a.at));
        UPDATE vestibule.heads AS h SET first_number = a.number, first_hash = a.hash FROM vestibule.audit AS a
            WHERE h.kiosk = head.kiosk AND a.kiosk = head.kiosk AND a.number = upto;
        CONTINUE WHEN NOT FOUND;
        DELETE FROM vestibule.audit AS a WHERE a.kiosk = head.kiosk AND a.number <= upto;
        GET DIAGNOSTICS count = ROW_COUNT;
        went := went + count;
    END LOOP;
    DELETE FROM vestibule.intents AS i USING (
        SELECT kiosk, number FROM vestibule.intents WHERE at < limit_at LIMIT at_most FOR UPDATE SKIP LOCKED) AS old
        WHERE i.kiosk = old.kiosk AND i.number = old.number;
    GET DIAGNOSTICS count = ROW_COUNT;
    went := went + count;
    DELETE FROM vestibule.seen WHERE (kiosk, staff) IN (
        SELECT s.kiosk, s.staff FROM vestibule.seen AS s
        WHERE (own IS NULL OR s.kiosk = own) AND s.at < unseen_at AND NOT EXISTS (SELECT 1 FROM vestibule.staff WHERE id = s.staff)
        LIMIT at_most FOR UPDATE SKIP LOCKED);
    -- A full bucket says nothing. Of those that are not, one that a kiosk held would stop a person.
    DELETE FROM vestibule.tries WHERE badge IN (
        SELECT badge FROM vestibule.tries WHERE full_at < limit_at LIMIT at_most FOR UPDATE SKIP LOCKED);
    RETURN went;
END $$;

-- What kiosks call -------------------------------------------------------------------------------------------------------------------
-- pg_temp stands last; left out, it would stand first. A wait for somebody's lock ends, whatever the session says.

-- A kiosk says that it is there, at each connection and each minute, and is told what its fleet is like.
CREATE FUNCTION vestibule_api.hello(program integer)
RETURNS TABLE (schema_version integer, generation integer, salt bytea, cost integer[], key_generations integer[], keys bytea[],
               shipped bigint, chain bytea, site text, zone text, kiosks integer, all_kiosks integer, per_hour integer,
               per_day integer, doors bigint[], door_limits integer[], offline_days integer, now timestamptz, ends_sessions boolean,
               restored bigint, restored_proof bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller();
BEGIN
    IF program IS NULL OR program < (SELECT oldest_program FROM vestibule.fleet) THEN
        RAISE EXCEPTION 'this program is too old' USING ERRCODE = 'VK003';
    END IF;
    INSERT INTO vestibule.contacts AS contact VALUES (kiosk.id, program, clock_timestamp())
        ON CONFLICT ON CONSTRAINT contacts_pkey DO UPDATE SET program = excluded.program, at = excluded.at;
    RETURN QUERY
        SELECT fleet.schema_version, fleet.generation, fleet.salt, fleet.cost,
               ARRAY(SELECT k.generation FROM vestibule.wrapped_keys AS k WHERE k.kiosk = kiosk.id ORDER BY k.generation),
               ARRAY(SELECT k.wrapped FROM vestibule.wrapped_keys AS k WHERE k.kiosk = kiosk.id ORDER BY k.generation),
               head.number, head.hash, site.name, site.zone,
               (SELECT count(*)::integer FROM vestibule.kiosks AS k WHERE k.site = kiosk.site AND k.expelled IS NULL),
               (SELECT count(*)::integer FROM vestibule.kiosks AS k WHERE k.expelled IS NULL),
               fleet.per_hour, fleet.per_day,
               ARRAY(SELECT l.door FROM vestibule.door_limits AS l ORDER BY l.door),
               ARRAY(SELECT l.per_day FROM vestibule.door_limits AS l ORDER BY l.door),
               fleet.offline_days, clock_timestamp(),
               -- Three of those that are there. Not all: the server lists its sessions for each that asks.
               (SELECT count(*) FROM (SELECT FROM vestibule.contacts AS c
                                      WHERE c.kiosk < kiosk.id AND clock_timestamp() - interval '2 min' < c.at LIMIT 3) AS earlier) < 3,
               fleet.restored, fleet.restored_proof
        FROM vestibule.fleet, vestibule.sites AS site, vestibule.heads AS head
        WHERE site.id = kiosk.site AND head.kiosk = kiosk.id;
END $$;

-- Rule 1, first half. `pin` is the PIN's tag where a badge asks for one. Tells nothing.
CREATE FUNCTION vestibule_api.pay(kind text, tag bytea, pin bytea DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller(); now timestamptz; rate vestibule.rates; until timestamptz;
BEGIN
    IF kind IS NULL OR kind NOT IN ('pin', 'badge', 'badge-pin') OR length(tag) IS DISTINCT FROM 32
        OR (kind = 'badge-pin') <> (pin IS NOT NULL) OR length(pin) <> 32 THEN
        RAISE EXCEPTION 'no such guess' USING ERRCODE = 'VK004';
    END IF;
    PERFORM vestibule.charge(kiosk.id, kind);
    IF kind = 'badge-pin' THEN -- the same with known and unknown badges
        SELECT * INTO STRICT rate FROM vestibule.rates WHERE rates.kind = 'tries';
        INSERT INTO vestibule.tries AS try VALUES (tag, clock_timestamp()) ON CONFLICT (badge) DO UPDATE SET full_at = try.full_at
            RETURNING full_at INTO until;
        now := clock_timestamp();
        until := greatest(until, now) + rate.refill;
        IF now + rate.holds * rate.refill < until THEN
            RAISE EXCEPTION 'spent: tries' USING ERRCODE = 'VK010',
                DETAIL = ceil(extract(epoch FROM until - now - rate.holds * rate.refill));
        END IF;
        UPDATE vestibule.tries SET full_at = until WHERE badge = tag;
    END IF;
    INSERT INTO vestibule.payments VALUES (kiosk.id, kind, tag, pin, clock_timestamp(), pg_current_xact_id(), true)
        ON CONFLICT ON CONSTRAINT payments_pkey DO UPDATE SET kind = excluded.kind, tag = excluded.tag, pin = excluded.pin,
            at = excluded.at, xact = excluded.xact, open = true;
END $$;

-- Rule 1, second half: who was paid for. A hit closes the payment and gives its guess back; a miss stays the same miss.
CREATE FUNCTION vestibule_api.look_up()
RETURNS TABLE (staff bigint, email text, name text, salt bytea, revision bigint, login_id bigint, suspended boolean, proof bytea,
               language text, refused boolean, version bigint, opened_by text, login_revision bigint, generation integer, nonce bytea,
               sealed bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller(); paid vestibule.payments; is_found boolean := false;
BEGIN
    SELECT * INTO paid FROM vestibule.payments WHERE payments.kiosk = kiosk.id FOR UPDATE;
    -- Visible and not ours: committed. An old one is none, or it would tell when somebody gets that PIN.
    IF NOT FOUND OR NOT paid.open OR paid.xact = pg_current_xact_id() OR paid.at < clock_timestamp() - interval '30 s' THEN
        RAISE EXCEPTION 'nothing was paid' USING ERRCODE = 'VK011';
    END IF;
    -- One statement, one snapshot: `seen` says which revision of the logins went out.
    FOR staff, email, name, salt, revision, login_id, suspended, proof, language, refused, version, opened_by, login_revision, generation,
        nonce, sealed IN
        SELECT people.id, people.email, people.name, people.salt, people.revision, people.login_id, people.suspended, people.proof,
               habits.language, coalesce(habits.refused IS NOT NULL AND habits.revision = people.revision, false), people.version,
               login.opened_by, login.revision, login.generation, login.nonce, login.sealed
        FROM vestibule.tags JOIN vestibule.staff AS people ON people.id = tags.staff
        LEFT JOIN vestibule.habits ON habits.staff = people.id
        -- Who is suspended learns that, and gets no login.
        LEFT JOIN vestibule.logins AS login ON login.staff = people.id AND NOT people.suspended
            AND login.opened_by = CASE paid.kind WHEN 'badge' THEN 'device' ELSE 'pin' END
        WHERE tags.kind = CASE paid.kind WHEN 'pin' THEN 'pin' ELSE 'badge' END AND tags.tag = paid.tag
          AND vestibule.comes_in(people.id, people.everywhere, kiosk.site)
          AND (paid.pin IS NULL OR EXISTS (SELECT 1 FROM vestibule.tags AS own WHERE own.kind = 'pin' AND own.tag = paid.pin
                                                                                 AND own.staff = people.id))
        ORDER BY login.generation
    LOOP
        IF NOT is_found THEN
            is_found := true;
            UPDATE vestibule.payments SET open = false WHERE payments.kiosk = kiosk.id;
            UPDATE vestibule.buckets SET full_at = full_at - (SELECT refill FROM vestibule.rates WHERE rates.kind = paid.kind)
                WHERE buckets.kiosk = kiosk.id AND buckets.kind = paid.kind;
            UPDATE vestibule.tries SET full_at = full_at - (SELECT refill FROM vestibule.rates WHERE rates.kind = 'tries')
                WHERE paid.kind = 'badge-pin' AND badge = paid.tag;
            INSERT INTO vestibule.seen VALUES (kiosk.id, look_up.staff, look_up.revision, clock_timestamp())
                ON CONFLICT ON CONSTRAINT seen_pkey DO UPDATE SET at = excluded.at, revision = excluded.revision;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- An unlock is about to be sent. A limit that stops it is an answer, not an error: then no intent is written. The same number again
-- is the same answer, so that a kiosk may ask again after a connection broke.
-- It waits for a lock no longer than the kiosk waits for it, so that the kiosk learns why and calls `end_sessions`.
CREATE FUNCTION vestibule_api.intend(number bigint, staff bigint, door bigint, OUT written boolean, OUT stopped_by text, OUT remaining integer,
                                     OUT again timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms' AS $$
#variable_conflict use_column
DECLARE
    kiosk vestibule.kiosks := vestibule.caller();
    -- As long as the kiosk may keep them, and a day for the clocks.
    person vestibule.staff := vestibule.present(kiosk, intend.staff, (SELECT (1 + offline_days) * interval '1 day' FROM vestibule.fleet));
    now timestamptz; place text; midnight timestamptz; tomorrow timestamptz; of_door integer; settings vestibule.fleet;
    known vestibule.intents; used record;
BEGIN
    IF person.suspended THEN RAISE EXCEPTION 'suspended' USING ERRCODE = 'VK021'; END IF;
    SELECT * INTO known FROM vestibule.intents AS i WHERE i.kiosk = kiosk.id AND i.number = intend.number;
    IF FOUND THEN
        IF known.staff <> intend.staff OR known.door <> intend.door OR known.result IS NOT NULL THEN
            RAISE EXCEPTION 'another intent has this number' USING ERRCODE = 'VK022';
        END IF;
        written := true;
        RETURN;
    END IF;
    PERFORM vestibule.charge(kiosk.id, 'intent');
    SELECT * INTO STRICT settings FROM vestibule.fleet;
    of_door := (SELECT per_day FROM vestibule.door_limits AS l WHERE l.door = intend.door);
    IF 0 < settings.per_hour OR 0 < settings.per_day OR 0 < of_door THEN
        -- One at a time for each person. What is counted next has a newer snapshot than this lock.
        INSERT INTO vestibule.turns AS t VALUES (intend.staff, 1) ON CONFLICT ON CONSTRAINT turns_pkey DO UPDATE SET turn = t.turn + 1;
        now := clock_timestamp();
        place := (SELECT zone FROM vestibule.sites WHERE id = kiosk.site);
        midnight := date_trunc('day', now, place);
        tomorrow := (date_trunc('day', now AT TIME ZONE place) + interval '1 day') AT TIME ZONE place;
        SELECT count(*) FILTER (WHERE now - interval '1 hour' < at) AS in_hour,
               min(at) FILTER (WHERE now - interval '1 hour' < at) AS first,
               count(*) FILTER (WHERE midnight <= at) AS in_day,
               count(*) FILTER (WHERE midnight <= at AND door = intend.door) AS at_door
            INTO used FROM vestibule.intents AS i
            WHERE i.staff = intend.staff AND least(midnight, now - interval '1 hour') <= at
              AND (result IS NULL OR result IN ('accepted', 'unknown'));
        SELECT * INTO stopped_by, remaining, again FROM (VALUES
            ('hour', settings.per_hour - used.in_hour::integer, used.first + interval '1 hour', settings.per_hour),
            ('day', settings.per_day - used.in_day::integer, tomorrow, settings.per_day),
            ('door', of_door - used.at_door::integer, tomorrow, of_door)) AS l (name, remaining, again, at_most)
            WHERE 0 < at_most ORDER BY remaining, again DESC LIMIT 1;
        IF remaining <= 0 THEN
            written := false;
            RETURN;
        END IF;
        remaining := remaining - 1;
    END IF;
    INSERT INTO vestibule.intents VALUES (kiosk.id, intend.number, intend.staff, intend.door, clock_timestamp());
    written := true; stopped_by := NULL; again := NULL;
END $$;

-- One that was made while the database was away, or written here without the kiosk learning of it. It has happened: no limit stops it and
-- suspension or removal neither, but it counts from now on.
CREATE FUNCTION vestibule_api.intended(number bigint, staff bigint, door bigint, at timestamptz, result text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller(); now timestamptz := clock_timestamp(); known vestibule.intents;
BEGIN
    IF result IS NULL OR result NOT IN ('accepted', 'unknown', 'refused', 'not-sent') THEN
        RAISE EXCEPTION 'no such result' USING ERRCODE = 'VK004';
    END IF;
    IF number IS NULL OR staff IS NULL OR door IS NULL OR at IS NULL THEN
        RAISE EXCEPTION 'no intent' USING ERRCODE = 'VK004';
    END IF;
    SELECT * INTO known FROM vestibule.intents AS i WHERE i.kiosk = kiosk.id AND i.number = intended.number FOR UPDATE;
    IF NOT FOUND THEN
        IF NOT EXISTS (SELECT 1 FROM vestibule.seen WHERE seen.kiosk = kiosk.id AND seen.staff = intended.staff) THEN
            RAISE EXCEPTION 'nobody who was here' USING ERRCODE = 'VK020';
        END IF;
        PERFORM vestibule.charge(kiosk.id, 'intent');
        INSERT INTO vestibule.intents -- the kiosk's clock, within reason
            VALUES (kiosk.id, number, staff, door, least(greatest(at, now - interval '91 days'), now), result, true) ON CONFLICT DO NOTHING;
        IF FOUND THEN RETURN; END IF;
        -- The kiosk's other connection was faster.
        SELECT * INTO known FROM vestibule.intents AS i WHERE i.kiosk = kiosk.id AND i.number = intended.number FOR UPDATE;
    END IF;
    IF known.staff <> intended.staff OR known.door <> intended.door OR known.result <> intended.result THEN
        RAISE EXCEPTION 'another intent has this number' USING ERRCODE = 'VK022';
    END IF;
    UPDATE vestibule.intents AS i SET result = intended.result
        WHERE i.kiosk = kiosk.id AND i.number = intended.number AND i.result IS NULL;
END $$;

-- What became of it. The same once more is fine, another is not.
CREATE FUNCTION vestibule_api.outcome(number bigint, result text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller();
BEGIN
    IF result IS NULL OR result NOT IN ('accepted', 'unknown', 'refused', 'not-sent') THEN
        RAISE EXCEPTION 'no such result' USING ERRCODE = 'VK004';
    END IF;
    UPDATE vestibule.intents AS i SET result = outcome.result
        WHERE i.kiosk = kiosk.id AND i.number = outcome.number AND coalesce(i.result, outcome.result) = outcome.result;
    IF NOT FOUND THEN RAISE EXCEPTION 'no open intent has this number' USING ERRCODE = 'VK022'; END IF;
END $$;

-- Takes records in, each once, in order. The hash is made here: a copy that does not continue the chain cannot be written. `before` is
-- the hash before `first`, `head` that of the last one. A kiosk that had a log before it joined may begin with a later number than 1.
CREATE FUNCTION vestibule_api.ship(first bigint, before bytea, records bytea[], head bytea) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller(); last vestibule.heads; next bigint := first; part bytea; known bytea;
BEGIN
    IF records IS NULL OR first IS NULL OR first NOT BETWEEN 1 AND 1000000000000 OR length(before) IS DISTINCT FROM 32 OR length(head) IS DISTINCT FROM 32
        OR cardinality(records) NOT BETWEEN 1 AND 500 OR array_ndims(records) <> 1 THEN
        RAISE EXCEPTION 'too much or nothing' USING ERRCODE = 'VK004';
    END IF;
    SELECT * INTO STRICT last FROM vestibule.heads WHERE heads.kiosk = kiosk.id FOR UPDATE;
    IF last.number = 0 AND 1 < first THEN
        last.first_number := first - 1;
        last.first_hash := before;
        last.number := first - 1;
        last.hash := before;
    END IF;
    IF last.number + 1 < first THEN RAISE EXCEPTION 'records are missing' USING ERRCODE = 'VK030', DETAIL = last.number; END IF;
    -- What is known of the hash before. Nothing where it was taken out since.
    known := CASE first - 1 WHEN last.number THEN last.hash WHEN last.first_number THEN last.first_hash
             ELSE (SELECT hash FROM vestibule.audit WHERE audit.kiosk = kiosk.id AND audit.number = first - 1) END;
    IF known <> before THEN RAISE EXCEPTION 'the chain does not continue' USING ERRCODE = 'VK031', DETAIL = first - 1; END IF;
    PERFORM vestibule.charge(kiosk.id, 'record', cardinality(records));
    FOREACH part IN ARRAY records LOOP
        IF next <= last.number THEN -- here already, or taken out since
            SELECT record INTO known FROM vestibule.audit WHERE audit.kiosk = kiosk.id AND audit.number = next;
            IF FOUND AND known IS DISTINCT FROM part THEN
                RAISE EXCEPTION 'another record has this number' USING ERRCODE = 'VK031', DETAIL = next;
            END IF;
        ELSIF part IS NULL OR length(part) = 0 THEN
            RAISE EXCEPTION 'no record' USING ERRCODE = 'VK004', DETAIL = next;
        ELSIF 8192 < length(part) THEN -- of its own kind: sending it again does not help
            RAISE EXCEPTION 'a record is too long' USING ERRCODE = 'VK032', DETAIL = next;
        ELSE
            last.hash := sha256(last.hash || part);
            last.number := next;
            INSERT INTO vestibule.audit VALUES (kiosk.id, next, clock_timestamp(), part, last.hash);
        END IF;
        next := next + 1;
    END LOOP;
    IF next - 1 = last.number AND last.hash <> head THEN
        RAISE EXCEPTION 'the chain does not continue' USING ERRCODE = 'VK031', DETAIL = last.number;
    END IF;
    UPDATE vestibule.heads AS h SET first_number = last.first_number, first_hash = last.first_hash, number = last.number, hash = last.hash
        WHERE h.kiosk = kiosk.id;
    RETURN last.number;
END $$;

-- Of these people, with these versions, whom must the kiosk forget? It asks after each notification, each reconnect and each minute: no
-- list of changes has to be kept, pruned or read in the order of commits.
CREATE FUNCTION vestibule_api.changed(staff bigint[], version bigint[]) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller();
BEGIN
    IF 5000 < cardinality(staff) OR cardinality(staff) IS DISTINCT FROM cardinality(version) THEN
        RAISE EXCEPTION 'too many' USING ERRCODE = 'VK004';
    END IF;
    RETURN QUERY
        SELECT held.staff FROM unnest(changed.staff, changed.version) AS held (staff, version)
        WHERE NOT EXISTS (SELECT 1 FROM vestibule.seen JOIN vestibule.staff AS people ON people.id = seen.staff
                          WHERE seen.kiosk = kiosk.id AND seen.staff = held.staff AND people.version = held.version
                            -- Of those that are asked for only, however the rest is joined.
                            AND CASE WHEN people.version = held.version AND NOT people.suspended
                                     THEN vestibule.comes_in(people.id, people.everywhere, kiosk.site) ELSE false END);
END $$;

-- Language, and that Kisi refused the login that this kiosk got. Hints.
CREATE FUNCTION vestibule_api.note(staff bigint, language text, refused boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE
    kiosk vestibule.kiosks := vestibule.caller();
    person vestibule.staff := vestibule.present(kiosk, note.staff, interval '1 hour');
    had bigint := (SELECT seen.revision FROM vestibule.seen WHERE seen.kiosk = kiosk.id AND seen.staff = note.staff);
BEGIN
    IF language !~ '^[a-z]{2,3}$' THEN RAISE EXCEPTION 'no such language' USING ERRCODE = 'VK004'; END IF;
    INSERT INTO vestibule.habits AS h VALUES (person.id, note.language, CASE WHEN note.refused THEN clock_timestamp() END, had)
        ON CONFLICT ON CONSTRAINT habits_pkey DO UPDATE SET language = coalesce(excluded.language, h.language),
            refused = CASE WHEN note.refused IS NULL THEN h.refused ELSE excluded.refused END,
            revision = CASE WHEN note.refused IS NULL THEN h.revision ELSE excluded.revision END;
END $$;

-- The hourly chore of each kiosk. It can do no harm: see there.
CREATE FUNCTION vestibule_api.prune() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
DECLARE kiosk vestibule.kiosks := vestibule.caller();
BEGIN
    RETURN vestibule.prune(kiosk.id, 2000);
END $$;

-- What a stranger may call while joining is open: leave a key and the verifier of a password. It then tries to log in until it is
-- admitted. Returns the role it will have.
CREATE FUNCTION vestibule_api.request_join(public_key text, verifier text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '800ms' AS $$
BEGIN
    IF public_key IS NULL OR public_key !~ '^age1[0-9a-z]{58}$'
        OR verifier IS NULL OR verifier !~ '^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$' THEN
        RAISE EXCEPTION 'no key or no verifier' USING ERRCODE = 'VK004';
    END IF;
    DELETE FROM vestibule.join_requests WHERE at < clock_timestamp() - interval '15 min';
    IF 32 <= (SELECT count(*) FROM vestibule.join_requests) THEN
        RAISE EXCEPTION 'too many kiosks ask to join: an admin runs `vestibule fleet open` again, which forgets them'
            USING ERRCODE = 'VK004';
    END IF;
    -- The first stays: nobody takes over the request of a key that they saw.
    INSERT INTO vestibule.join_requests VALUES (public_key, verifier) ON CONFLICT DO NOTHING;
    RETURN 'kiosk_' || left(encode(sha256(convert_to(public_key || verifier, 'UTF8')), 'hex'), 16);
END $$;

-- What admins call -------------------------------------------------------------------------------------------------------------------

-- Those that wait. The admin's machine compares the code with the hash of key and verifier; the database cannot choose for it.
CREATE FUNCTION vestibule_api.join_requests() RETURNS TABLE (public_key text, verifier text, at timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
'SELECT public_key, verifier, at FROM vestibule.join_requests WHERE clock_timestamp() - interval ''15 min'' < at';

CREATE FUNCTION vestibule.add_kiosk(role name, name text, site text, public_key text, generation integer, wrapped bytea)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE new_id integer; site_id integer := (SELECT s.id FROM vestibule.sites AS s WHERE lower(s.name) = lower(add_kiosk.site));
BEGIN
    IF site_id IS NULL THEN RAISE EXCEPTION 'no such site: %', site USING ERRCODE = 'VK023'; END IF;
    INSERT INTO vestibule.kiosks (role, name, site, public_key) VALUES (role, name, site_id, public_key) RETURNING id INTO new_id;
    INSERT INTO vestibule.wrapped_keys VALUES (new_id, generation, wrapped);
    INSERT INTO vestibule.heads (kiosk) VALUES (new_id);
    INSERT INTO vestibule.buckets SELECT new_id, kind, clock_timestamp() FROM vestibule.rates;
    DELETE FROM vestibule.join_requests WHERE join_requests.public_key = add_kiosk.public_key;
    INSERT INTO vestibule.acts (about) VALUES ('admit ' || role);
    RETURN new_id;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'a kiosk has the name %: choose another one, or expel that kiosk', name USING ERRCODE = 'VK004';
    WHEN check_violation THEN
        RAISE EXCEPTION 'a kiosk''s name has 1 to 100 letters, no space around it and nothing invisible' USING ERRCODE = 'VK004';
END $$;

-- By its name, or by its role where an earlier kiosk had the same name. First half: from the end of this transaction on every function
-- refuses its sessions. It waits for no lock that a kiosk can hold. Second half: `close`.
CREATE FUNCTION vestibule_api.expel(name text) RETURNS name
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE gone name;
BEGIN
    UPDATE vestibule.kiosks SET expelled = coalesce(expelled, clock_timestamp())
        WHERE id = (SELECT k.id FROM vestibule.kiosks AS k WHERE k.role = expel.name OR lower(k.name) = lower(expel.name)
                    ORDER BY k.role = expel.name DESC, k.expelled DESC NULLS FIRST LIMIT 1)
        RETURNING role INTO gone;
    IF NOT FOUND THEN RAISE EXCEPTION 'no such kiosk' USING ERRCODE = 'VK023'; END IF;
    INSERT INTO vestibule.acts (about) VALUES ('expel ' || gone);
    RETURN gone;
END $$;

-- For the keeper, who reads no table.
CREATE FUNCTION vestibule.is_expelled(role name) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
'SELECT EXISTS (SELECT 1 FROM vestibule.kiosks AS k WHERE k.role = is_expelled.role AND k.expelled IS NOT NULL)';

-- Joining was opened. Requests of strangers who filled the list go.
CREATE FUNCTION vestibule.joining_opened(minutes integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
BEGIN
    IF 32 <= (SELECT count(*) FROM vestibule.join_requests) THEN
        DELETE FROM vestibule.join_requests WHERE public_key IN (
            SELECT r.public_key FROM vestibule.join_requests AS r FOR UPDATE SKIP LOCKED);
    END IF;
    INSERT INTO vestibule.acts (about) VALUES (format('joining opened for %s min', minutes));
END $$;

-- The first kiosk of a fleet had these people before: it holds the rows of all of them. Called before they are put, too, so that none of
-- the numbers that it gave is given again.
CREATE FUNCTION vestibule_api.adopt(kiosk name, last_staff bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE count bigint;
BEGIN
    UPDATE vestibule.last_staff AS l SET id = adopt.last_staff WHERE l.id < adopt.last_staff;
    INSERT INTO vestibule.seen
        SELECT k.id, s.id, s.revision, clock_timestamp() FROM vestibule.kiosks AS k, vestibule.staff AS s
        WHERE k.role = adopt.kiosk AND k.expelled IS NULL
        ON CONFLICT ON CONSTRAINT seen_pkey DO UPDATE SET at = excluded.at, revision = excluded.revision;
    GET DIAGNOSTICS count = ROW_COUNT;
    INSERT INTO vestibule.acts (about) VALUES (format('adopt %s: %s people', adopt.kiosk, count));
    RETURN count;
END $$;

-- Whose logins an expelled kiosk may still hold: whose row it got, and who has the same login since.
CREATE FUNCTION vestibule_api.exposed(kiosk name) RETURNS TABLE (staff bigint, email text, last_seen timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT people.id, people.email, seen.at FROM vestibule.seen
    JOIN vestibule.kiosks ON kiosks.id = seen.kiosk AND kiosks.role = exposed.kiosk
    JOIN vestibule.staff AS people ON people.id = seen.staff AND people.revision = seen.revision
$$;

CREATE FUNCTION vestibule_api.add_site(name text, zone text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_timezone_names AS z WHERE z.name = zone) THEN
        RAISE EXCEPTION 'no such time zone: %', zone USING ERRCODE = 'VK004';
    END IF;
    INSERT INTO vestibule.sites (name, zone) VALUES (name, zone);
    INSERT INTO vestibule.acts (about) VALUES (format('site %s, %s', name, zone));
EXCEPTION
    WHEN unique_violation THEN RAISE EXCEPTION 'there is a site % already', name USING ERRCODE = 'VK004';
    WHEN check_violation THEN
        RAISE EXCEPTION 'a site''s name has 1 to 100 letters, no space around it and nothing invisible' USING ERRCODE = 'VK004';
END $$;

CREATE FUNCTION vestibule_api.sites() RETURNS TABLE (name text, zone text, kiosks bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT site.name, site.zone, count(kiosk.id)
    FROM vestibule.sites AS site LEFT JOIN vestibule.kiosks AS kiosk ON kiosk.site = site.id AND kiosk.expelled IS NULL
    GROUP BY site.id ORDER BY site.name
$$;

CREATE FUNCTION vestibule_api.kiosks()
RETURNS TABLE (name text, site text, role name, program integer, last_contact timestamptz, records bigint, connected boolean, expelled timestamptz)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT kiosk.name, site.name, kiosk.role, contact.program, contact.at, head.number,
           EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = kiosk.role), kiosk.expelled
    FROM vestibule.kiosks AS kiosk JOIN vestibule.sites AS site ON site.id = kiosk.site
    JOIN vestibule.heads AS head ON head.kiosk = kiosk.id LEFT JOIN vestibule.contacts AS contact ON contact.kiosk = kiosk.id
    ORDER BY kiosk.expelled IS NOT NULL, site.name, kiosk.name
$$;

CREATE FUNCTION vestibule_api.settings()
RETURNS TABLE (schema_version integer, generation integer, per_hour integer, per_day integer, offline_days integer, keep_days integer,
               people bigint, doors bigint[], door_limits integer[], salt bytea, cost integer[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT schema_version, generation, per_hour, per_day, offline_days, keep_days, (SELECT count(*) FROM vestibule.staff),
           ARRAY(SELECT door FROM vestibule.door_limits ORDER BY door), ARRAY(SELECT l.per_day FROM vestibule.door_limits AS l ORDER BY door),
           salt, cost
    FROM vestibule.fleet
$$;

-- One setting, by its name. `door` for the limit of a door only, where 0 takes it away.
CREATE FUNCTION vestibule_api.set(setting text, door bigint, to_value integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    CASE setting
        WHEN 'per_hour' THEN UPDATE vestibule.fleet SET per_hour = to_value;
        WHEN 'per_day' THEN UPDATE vestibule.fleet SET per_day = to_value;
        WHEN 'offline_days' THEN UPDATE vestibule.fleet SET offline_days = to_value;
        WHEN 'keep_days' THEN UPDATE vestibule.fleet SET keep_days = to_value;
        WHEN 'door' THEN
            IF to_value = 0 THEN
                DELETE FROM vestibule.door_limits AS l WHERE l.door = set.door;
            ELSE
                INSERT INTO vestibule.door_limits VALUES (set.door, to_value)
                    ON CONFLICT ON CONSTRAINT door_limits_pkey DO UPDATE SET per_day = excluded.per_day;
            END IF;
    END CASE;
    INSERT INTO vestibule.acts (about) VALUES (concat_ws(' ', 'set', setting, set.door, to_value));
EXCEPTION WHEN check_violation OR case_not_found THEN
    RAISE EXCEPTION '% is out of range for %', to_value, setting USING ERRCODE = 'VK004';
END $$;

-- Where the records of a kiosk begin and end here.
CREATE FUNCTION vestibule_api.chain(kiosk name) RETURNS TABLE (first_number bigint, first_hash bytea, number bigint, hash bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.first_number, h.first_hash, h.number, h.hash
    FROM vestibule.heads AS h JOIN vestibule.kiosks AS k ON k.id = h.kiosk WHERE k.role = chain.kiosk
$$;

-- A page of them, by number.
CREATE FUNCTION vestibule_api.records(kiosk name, after bigint, at_most integer) RETURNS TABLE (number bigint, record bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.number, a.record FROM vestibule.audit AS a
    WHERE a.kiosk = (SELECT k.id FROM vestibule.kiosks AS k WHERE k.role = records.kiosk) AND records.after < a.number
    ORDER BY a.number LIMIT at_most
$$;

-- After a backup was restored. Kiosks trust the database again by the proof, which only an admin's machine can make.
CREATE FUNCTION vestibule_api.restored(at bigint, proof bytea) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    -- A time in the future would stand in the way of the next one.
    IF NOT coalesce(abs(extract(epoch FROM clock_timestamp()) * 1000 - restored.at) < 600000, false) THEN
        RAISE EXCEPTION 'the clocks of this machine and of the database differ by more than ten minutes' USING ERRCODE = 'VK004';
    END IF;
    UPDATE vestibule.fleet SET restored = restored.at, restored_proof = restored.proof WHERE fleet.restored < restored.at;
    IF NOT FOUND THEN RAISE EXCEPTION 'it was restored later' USING ERRCODE = 'VK004'; END IF;
    -- What was given since the backup is not given again: somebody's number, and the version of somebody's rows.
    UPDATE vestibule.last_staff SET id = id + 1000000;
    PERFORM setval('vestibule.versions', nextval('vestibule.versions') + 1000000000);
    -- The backup has guesses that were spent since. Three are left, for people who mistype.
    UPDATE vestibule.buckets AS b SET full_at = greatest(b.full_at, clock_timestamp() + (r.holds - 3) * r.refill)
        FROM vestibule.rates AS r
        WHERE r.kind = b.kind AND b.kind IN ('pin', 'badge', 'badge-pin') AND (b.kiosk, b.kind) IN (
            SELECT free.kiosk, free.kind FROM vestibule.buckets AS free FOR UPDATE SKIP LOCKED);
    INSERT INTO vestibule.acts (about) VALUES ('restored');
END $$;

-- The newest change that an admin made, in ms: what was done after it is lost in a database that was restored.
CREATE FUNCTION vestibule_api.last_act() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
'SELECT coalesce(max(extract(epoch FROM at) * 1000)::bigint, 0) FROM vestibule.acts';

-- The data keys, wrapped to admins' keys: whoever has one of these opens them, whatever their role.
CREATE FUNCTION vestibule_api.own_keys() RETURNS TABLE (public_key text, generation integer, wrapped bytea)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
'SELECT public_key, generation, wrapped FROM vestibule.admins ORDER BY generation';

-- Whether an id is free is decided here, before a seal is made with it.
CREATE FUNCTION vestibule_api.next_staff() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS
'UPDATE vestibule.last_staff SET id = id + 1 RETURNING id';

-- All rows of one person, as of one moment.
CREATE FUNCTION vestibule_api.person(who text)
RETURNS TABLE (staff bigint, email text, name text, salt bytea, revision bigint, login_id bigint, suspended boolean, proof bytea,
               language text, refused boolean, version bigint, pin_tags bytea[], pin_generations bigint[],
               badge_tags bytea[], badge_hints text[], badge_generations bigint[], badge_sealed bytea[],
               login_openers text[], login_revisions bigint[], login_generations bigint[], login_nonces bytea[], login_sealed bytea[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.email, s.name, s.salt, s.revision, s.login_id, s.suspended, s.proof,
           h.language, coalesce(h.refused IS NOT NULL AND h.revision = s.revision, false), s.version,
           pin.tags, pin.generations, badge.tags, badge.hints, badge.generations, badge.sealed,
           login.openers, login.revisions, login.generations, login.nonces, login.sealed
    FROM vestibule.staff AS s LEFT JOIN vestibule.habits AS h ON h.staff = s.id,
         LATERAL (SELECT array_agg(t.tag ORDER BY t.generation, t.tag) AS tags,
                         array_agg(t.generation::bigint ORDER BY t.generation, t.tag) AS generations
                  FROM vestibule.tags AS t WHERE t.staff = s.id AND t.kind = 'pin') AS pin,
         LATERAL (SELECT array_agg(t.tag ORDER BY t.generation, t.tag) AS tags,
                         array_agg(coalesce(t.hint, '') ORDER BY t.generation, t.tag) AS hints,
                         array_agg(t.generation::bigint ORDER BY t.generation, t.tag) AS generations,
                         array_agg(t.sealed ORDER BY t.generation, t.tag) AS sealed
                  FROM vestibule.tags AS t WHERE t.staff = s.id AND t.kind = 'badge') AS badge,
         LATERAL (SELECT array_agg(l.opened_by ORDER BY l.opened_by, l.generation) AS openers,
                         array_agg(l.revision ORDER BY l.opened_by, l.generation) AS revisions,
                         array_agg(l.generation::bigint ORDER BY l.opened_by, l.generation) AS generations,
                         array_agg(l.nonce ORDER BY l.opened_by, l.generation) AS nonces,
                         array_agg(l.sealed ORDER BY l.opened_by, l.generation) AS sealed
                  FROM vestibule.logins AS l WHERE l.staff = s.id) AS login
    WHERE lower(s.email) = lower(who)
$$;

-- Whose one of these tags is.
CREATE FUNCTION vestibule_api.owner(kind text, tags bytea[]) RETURNS TABLE (staff bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.email FROM vestibule.tags AS t JOIN vestibule.staff AS s ON s.id = t.staff
    WHERE t.kind = owner.kind AND t.tag = ANY (owner.tags) ORDER BY s.id LIMIT 1
$$;

-- Writes all rows of one person. `expected` is the version that was read, or NULL for somebody new. Sites stay as they are; what kiosks
-- noted does too: only somebody new brings it along.
CREATE FUNCTION vestibule_api.put(
    staff bigint, email text, name text, salt bytea, revision bigint, login_id bigint, suspended boolean, proof bytea, language text,
    refused boolean, pin_tags bytea[], pin_generations bigint[], badge_tags bytea[], badge_hints text[], badge_generations bigint[],
    badge_sealed bytea[], login_openers text[], login_revisions bigint[], login_generations bigint[], login_nonces bytea[],
    login_sealed bytea[], expected bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
#variable_conflict use_variable
DECLARE new_version bigint; writes text := 'person'; broken text;
BEGIN
    IF expected IS NULL THEN
        INSERT INTO vestibule.staff (id, email, name, salt, revision, login_id, suspended, proof)
            VALUES (staff, email, name, salt, revision, login_id, suspended, proof) RETURNING version INTO new_version;
        UPDATE vestibule.last_staff AS l SET id = staff WHERE l.id < staff;
        INSERT INTO vestibule.habits VALUES (staff, language, CASE WHEN refused THEN clock_timestamp() END, revision) ON CONFLICT DO NOTHING;
    ELSE
        UPDATE vestibule.staff AS s SET email = put.email, name = put.name, salt = put.salt, revision = put.revision,
                login_id = put.login_id, suspended = put.suspended, proof = put.proof, version = nextval('vestibule.versions')
            WHERE s.id = put.staff AND s.version = expected RETURNING s.version INTO new_version;
        IF NOT FOUND THEN RAISE EXCEPTION 'changed meanwhile' USING ERRCODE = 'VK042'; END IF;
        DELETE FROM vestibule.tags AS t WHERE t.staff = put.staff;
        DELETE FROM vestibule.logins AS l WHERE l.staff = put.staff;
    END IF;
    writes := 'pin';
    INSERT INTO vestibule.tags (kind, tag, staff, generation)
        SELECT 'pin', p.tag, put.staff, p.generation FROM unnest(pin_tags, pin_generations) AS p (tag, generation);
    writes := 'badge';
    INSERT INTO vestibule.tags (kind, tag, staff, generation, hint, sealed)
        SELECT 'badge', b.tag, put.staff, b.generation, b.hint, b.sealed
        FROM unnest(badge_tags, badge_generations, badge_hints, badge_sealed) AS b (tag, generation, hint, sealed);
    writes := 'login';
    INSERT INTO vestibule.logins (staff, opened_by, generation, revision, nonce, sealed)
        SELECT put.staff, l.opener, l.generation, l.revision, l.nonce, l.sealed
        FROM unnest(login_openers, login_generations, login_revisions, login_nonces, login_sealed)
            AS l (opener, generation, revision, nonce, sealed);
    PERFORM vestibule.announce(staff, format('%s, revision %s%s', CASE WHEN expected IS NULL THEN 'enrolled' ELSE 'changed' END, revision,
                                             CASE WHEN suspended THEN ', suspended' END));
    RETURN new_version;
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
    IF broken = 'tags_pkey' THEN RAISE EXCEPTION 'somebody else has this %', writes USING ERRCODE = 'VK041', DETAIL = writes; END IF;
    IF writes = 'person' THEN RAISE EXCEPTION 'enrolled already' USING ERRCODE = 'VK040'; END IF;
    RAISE;
END $$;

-- At which sites somebody signs in. None: at all of them.
CREATE FUNCTION vestibule_api.set_sites(who text, sites text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
DECLARE whom bigint; missing text;
BEGIN
    SELECT wanted.site INTO missing FROM unnest(set_sites.sites) AS wanted (site)
        WHERE NOT EXISTS (SELECT 1 FROM vestibule.sites AS s WHERE lower(s.name) = lower(wanted.site)) LIMIT 1;
    IF FOUND THEN RAISE EXCEPTION 'no such site: %', missing USING ERRCODE = 'VK023'; END IF;
    UPDATE vestibule.staff SET everywhere = cardinality(set_sites.sites) = 0, version = nextval('vestibule.versions')
        WHERE lower(email) = lower(who) RETURNING id INTO whom;
    IF NOT FOUND THEN RAISE EXCEPTION 'nobody has this address' USING ERRCODE = 'VK023'; END IF;
    DELETE FROM vestibule.staff_sites WHERE staff = whom;
    INSERT INTO vestibule.staff_sites
        SELECT whom, s.id FROM vestibule.sites AS s
        WHERE EXISTS (SELECT 1 FROM unnest(set_sites.sites) AS wanted (site) WHERE lower(s.name) = lower(wanted.site));
    PERFORM vestibule.announce(whom, format('sites %s', set_sites.sites));
END $$;

-- Kiosks find out by `changed`, where nobody has this id. What they wrote about the person stays until `prune`: they may still be
-- sending what happened meanwhile. A note that a kiosk holds locked stays too, and says nothing that matters.
CREATE FUNCTION vestibule_api.remove(staff bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    DELETE FROM vestibule.staff AS s WHERE s.id = remove.staff;
    IF NOT FOUND THEN RAISE EXCEPTION 'nobody has this number' USING ERRCODE = 'VK023'; END IF;
    DELETE FROM vestibule.habits WHERE habits.staff IN (
        SELECT h.staff FROM vestibule.habits AS h WHERE h.staff = remove.staff FOR UPDATE SKIP LOCKED);
    PERFORM vestibule.announce(remove.staff, 'removed');
END $$;

-- A page of the list, by id.
CREATE FUNCTION vestibule_api.people(after bigint, at_most integer)
RETURNS TABLE (staff bigint, email text, name text, login_id bigint, has_pin boolean, badge_hints text[], suspended boolean,
               refused boolean, opens_by_badge boolean, sites text[], revision bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.id, s.email, s.name, s.login_id, EXISTS (SELECT 1 FROM vestibule.tags AS t WHERE t.staff = s.id AND t.kind = 'pin'),
           ARRAY(SELECT coalesce(t.hint, '') FROM vestibule.tags AS t WHERE t.staff = s.id AND t.kind = 'badge' ORDER BY t.hint, t.tag),
           s.suspended,
           EXISTS (SELECT 1 FROM vestibule.habits AS h WHERE h.staff = s.id AND h.refused IS NOT NULL AND h.revision = s.revision),
           EXISTS (SELECT 1 FROM vestibule.logins AS l WHERE l.staff = s.id AND l.opened_by = 'device'),
           ARRAY(SELECT site.name FROM vestibule.staff_sites AS o JOIN vestibule.sites AS site ON site.id = o.site
                 WHERE o.staff = s.id ORDER BY site.name),
           s.revision
    FROM vestibule.staff AS s WHERE after < s.id ORDER BY s.id LIMIT at_most
$$;

CREATE FUNCTION vestibule_api.counts() RETURNS TABLE (people_with_pin bigint, badges bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(DISTINCT staff) FILTER (WHERE kind = 'pin'), count(*) FILTER (WHERE kind = 'badge') FROM vestibule.tags
$$;

-- What guessing costs. The odds at one kiosk are those of the people who come in at its site.
CREATE FUNCTION vestibule_api.guesses() RETURNS TABLE (kiosks bigint, pins_at_a_site bigint, kinds text[], holds integer[], refill_ms bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH with_pin AS (SELECT s.id, s.everywhere FROM vestibule.staff AS s
                      WHERE EXISTS (SELECT 1 FROM vestibule.tags AS t WHERE t.staff = s.id AND t.kind = 'pin'))
    SELECT (SELECT count(*) FROM vestibule.kiosks WHERE expelled IS NULL),
           (SELECT count(*) FROM with_pin WHERE everywhere)
               + coalesce((SELECT count(*) FROM with_pin AS p JOIN vestibule.staff_sites AS o ON o.staff = p.id
                           WHERE NOT p.everywhere GROUP BY o.site ORDER BY count(*) DESC LIMIT 1), 0),
           ARRAY(SELECT r.kind FROM vestibule.rates AS r ORDER BY r.kind),
           ARRAY(SELECT r.holds FROM vestibule.rates AS r ORDER BY r.kind),
           ARRAY(SELECT (extract(epoch FROM r.refill) * 1000)::bigint FROM vestibule.rates AS r ORDER BY r.kind)
$$;

-- What kiosks' own chores leave, of all kiosks.
CREATE FUNCTION vestibule_api.prune_all(at_most integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    DELETE FROM vestibule.habits WHERE habits.staff IN (
        SELECT h.staff FROM vestibule.habits AS h WHERE NOT EXISTS (SELECT 1 FROM vestibule.staff AS s WHERE s.id = h.staff)
        FOR UPDATE SKIP LOCKED);
    RETURN vestibule.prune(NULL, at_most);
END $$;

RESET ROLE;

-- What the keeper does ---------------------------------------------------------------------------------------------------------------
GRANT EXECUTE ON FUNCTION vestibule.add_kiosk, vestibule.is_expelled, vestibule.joining_opened TO vestibule_keeper;
SET ROLE vestibule_keeper;

-- Role and rows in one transaction. The name is made here and the verifier has one form, so neither can be SQL.
CREATE FUNCTION vestibule_api.admit(public_key text, verifier text, name text, site text, generation integer, wrapped bytea)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE role text := 'kiosk_' || left(encode(sha256(convert_to(public_key || verifier, 'UTF8')), 'hex'), 16);
BEGIN
    IF verifier !~ '^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$' THEN
        RAISE EXCEPTION 'no verifier' USING ERRCODE = 'VK004';
    END IF;
    -- In the keeper's hands, who may then end its sessions.
    BEGIN
        EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L CONNECTION LIMIT 3 IN ROLE vestibule_kiosk ROLE vestibule_keeper', role, verifier);
    EXCEPTION WHEN duplicate_object THEN
        RAISE EXCEPTION 'this kiosk was admitted before: to come back after it was expelled, it joins with --anew' USING ERRCODE = 'VK004';
    END;
    -- For honest kiosks: a session may set them again.
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''2s''', role);
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''5s''', role);
    PERFORM vestibule.add_kiosk(role, name, site, public_key, generation, wrapped);
    RETURN role;
END $$;

-- Second half of `expel`: no new session, no open one. A kiosk may change its own role's password, and holds the role's row locked
-- while it does: its sessions end first, and whoever calls this calls it again until it succeeds. The role stays: DROP ROLE ends no
-- session, and a name that is gone could come again.
CREATE FUNCTION vestibule_api.close(role name) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET lock_timeout = '500ms' SET client_min_messages = 'error' AS $$
BEGIN
    IF NOT vestibule.is_expelled(role) THEN RAISE EXCEPTION 'this kiosk is not expelled' USING ERRCODE = 'VK023'; END IF;
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = role AND pid <> pg_backend_pid();
    EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', role);
END $$;

-- Ends sessions of kiosks and of strangers: all of one that cannot log in any more, and those whose transaction is older than any honest one. Returns how
-- many. Some kiosks call it once a minute, and each one when a lock was not to be had. A session that ended meanwhile is a warning, which a kiosk would
-- take for a commit that its standby did not confirm.
CREATE FUNCTION vestibule_api.end_sessions() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = 'error' AS $$
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))
    FROM pg_stat_activity JOIN pg_roles ON pg_roles.oid = usesysid
    WHERE pid <> pg_backend_pid()
      AND (rolname ~ '^kiosk_[0-9a-f]{16}$' AND (NOT rolcanlogin OR xact_start < clock_timestamp() - interval '10 s')
           OR rolname = 'vestibule_join' AND (rolvaliduntil < clock_timestamp() OR xact_start < clock_timestamp() - interval '10 s'))
$$;

-- Opens the door to strangers for a while. What an earlier one made of the role, and their sessions, end first. Like `close`, it is
-- called again while a stranger holds the role's row.
CREATE FUNCTION vestibule_api.open_joining(minutes integer DEFAULT 15) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' SET client_min_messages = 'error' AS $$
DECLARE until timestamptz := clock_timestamp() + least(minutes, 60) * interval '1 min';
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'vestibule_join';
    ALTER ROLE vestibule_join RESET ALL;
    EXECUTE format('ALTER ROLE vestibule_join LOGIN PASSWORD %L CONNECTION LIMIT 4 VALID UNTIL %L', 'join', until);
    PERFORM vestibule.joining_opened(minutes);
    RETURN until;
END $$;

GRANT EXECUTE ON FUNCTION vestibule_api.end_sessions TO vestibule_kiosk, vestibule_admin;
GRANT EXECUTE ON FUNCTION vestibule_api.admit, vestibule_api.close, vestibule_api.open_joining TO vestibule_admin;

-- Who may call what, and what is set ---------------------------------------------------------------------------------------------------
RESET ROLE;
SET ROLE vestibule_owner;
REVOKE CREATE ON SCHEMA vestibule_api FROM vestibule_keeper;
GRANT EXECUTE ON FUNCTION vestibule_api.hello, vestibule_api.pay, vestibule_api.look_up, vestibule_api.intend, vestibule_api.intended, vestibule_api.outcome,
    vestibule_api.ship, vestibule_api.changed, vestibule_api.note, vestibule_api.prune TO vestibule_kiosk;
GRANT EXECUTE ON FUNCTION vestibule_api.request_join TO vestibule_join;
GRANT EXECUTE ON FUNCTION vestibule_api.join_requests, vestibule_api.expel, vestibule_api.adopt, vestibule_api.exposed, vestibule_api.add_site, vestibule_api.sites, vestibule_api.kiosks,
    vestibule_api.settings, vestibule_api.set, vestibule_api.own_keys, vestibule_api.chain, vestibule_api.records, vestibule_api.restored, vestibule_api.last_act, vestibule_api.next_staff, vestibule_api.person, vestibule_api.owner,
    vestibule_api.put, vestibule_api.set_sites, vestibule_api.remove, vestibule_api.people, vestibule_api.counts, vestibule_api.guesses, vestibule_api.prune_all
    TO vestibule_admin;
INSERT INTO vestibule.rates VALUES ('pin', 10, '6 min'), ('badge', 20, '30 s'), ('badge-pin', 20, '30 s'), ('tries', 10, '10 min'),
    ('intent', 60, '1 s'), ('record', 20000, '0.2 s');
RESET ROLE;
