-- The tables of one shard: catalog, stock, orders, their facts, timers and money, coupons, points, users.
--
-- Rows that a placement writes lie at the right edge of their trees, so that a batch dirties few pages. There is no index
-- on orders by user or key: key_runs and key_pages hold it in sorted runs (derived data, rebuilt when it is lost).
-- Times are microseconds since 1970, amounts are minor units, ids are 63-bit numbers that rise with time.
-- CHECK constraints are the last guard; who breaks one is a bug of the code above. Their lists of words are written with OR:
-- for IN with three words or more SQLite builds a table of them at every run of a statement.

-- "ORDN": this file is Ordain's. The user version is the number of the last migration.
PRAGMA application_id = 1330791502;
PRAGMA user_version = 1;

-- One row: where the shard stands. Every commit moves it on by exactly one batch.
CREATE TABLE shard_meta (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    batch      INTEGER NOT NULL CHECK (batch >= 0),
    last_event INTEGER NOT NULL CHECK (last_event >= 0),
    high_id    INTEGER NOT NULL CHECK (high_id >= 0),
    time       INTEGER NOT NULL
) STRICT;
INSERT INTO shard_meta (one, batch, last_event, high_id, time) VALUES (1, 0, 0, 0, 0);

CREATE TABLE products (
    sku  TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE promotions (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coupon_templates (
    id   TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Invariant 1. last_movement: where the last entry of the SKU's ledger lies.
CREATE TABLE stock (
    sku           TEXT PRIMARY KEY,
    on_hand       INTEGER NOT NULL,
    locked        INTEGER NOT NULL,
    sold          INTEGER NOT NULL CHECK (sold >= 0),
    received      INTEGER NOT NULL,
    returned      INTEGER NOT NULL CHECK (returned >= 0),
    version       INTEGER NOT NULL CHECK (version >= 1),
    movements     INTEGER NOT NULL CHECK (movements >= 0),
    last_movement INTEGER,
    CHECK (on_hand = received + returned - sold),
    CHECK (locked >= 0 AND locked <= on_hand)
) STRICT, WITHOUT ROWID;

-- The ledger, at the right edge: a SKU's entries are a chain by previous.
CREATE TABLE stock_movements (
    position INTEGER PRIMARY KEY,
    previous INTEGER CHECK (previous IS NULL OR previous < position),
    sku      TEXT    NOT NULL,
    number   INTEGER NOT NULL CHECK (number >= 1),
    delta    INTEGER NOT NULL CHECK (delta <> 0),
    reason   TEXT    NOT NULL CHECK (reason = 'receive' OR reason = 'write_off' OR reason = 'sale'
        OR reason = 'return'),
    note     TEXT,
    order_id INTEGER,
    on_hand  INTEGER NOT NULL CHECK (on_hand >= 0),
    at       INTEGER NOT NULL,
    CHECK ((number = 1) = (previous IS NULL))
) STRICT;

-- Every 64th entry of a SKU, by which the middle of a long ledger is found.
CREATE TABLE stock_movement_marks (
    sku      TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (sku, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock_locks (
    order_id INTEGER NOT NULL,
    sku      TEXT    NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    state    TEXT    NOT NULL CHECK (state = 'held' OR state = 'deducted' OR state = 'released'),
    PRIMARY KEY (order_id, sku)
) STRICT, WITHOUT ROWID;

-- What of an order changes, and what it is recognised by. What was agreed (lines, prices, address) never changes and
-- is the data of its first event. token: the caller's idempotency key as text, or the hash of the lines as a number.
-- quantities: nothing while all units are held as placed, else the one bucket all units are in, else JSON a line.
CREATE TABLE orders (
    id               INTEGER PRIMARY KEY CHECK (id > 0),
    user_id          TEXT    NOT NULL,
    token            ANY     NOT NULL,
    fingerprint      BLOB    CHECK (fingerprint IS NULL OR length(fingerprint) = 32),
    answered_version INTEGER NOT NULL CHECK (answered_version >= 1 AND answered_version <= version),
    status           TEXT    NOT NULL CHECK (
        status = 'pending_payment' OR status = 'paid' OR status = 'cancelled' OR status = 'creating'
        OR status = 'closing' OR status = 'partially_shipped' OR status = 'shipped' OR status = 'delivered'
        OR status = 'completed'),
    cancel_reason    TEXT    CHECK (
        cancel_reason IS NULL OR cancel_reason = 'timeout' OR cancel_reason = 'buyer' OR cancel_reason = 'merchant'
        OR cancel_reason = 'rejected'),
    total            INTEGER NOT NULL CHECK (total >= 0),
    paid             INTEGER NOT NULL CHECK (paid >= 0),
    refunded         INTEGER NOT NULL CHECK (refunded >= 0 AND refunded <= paid),
    version          INTEGER NOT NULL CHECK (version >= 1),
    placed_at        INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL CHECK (expires_at >= placed_at),
    updated_at       INTEGER NOT NULL,
    first_event      INTEGER NOT NULL CHECK (first_event >= 1),
    last_event       INTEGER NOT NULL CHECK (last_event >= first_event),
    quantities       TEXT,
    CHECK ((status = 'cancelled') = (cancel_reason IS NOT NULL)),
    CHECK ((typeof(token) = 'text') = (fingerprint IS NOT NULL))
) STRICT;

-- The log. previous chains the events of one order, so that they are found without an index.
CREATE TABLE events (
    position INTEGER PRIMARY KEY CHECK (position >= 1),
    order_id INTEGER,
    subject  TEXT,
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    previous INTEGER CHECK (previous IS NULL OR previous < position),
    type     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    data     TEXT    NOT NULL,
    CHECK ((order_id IS NULL) = (subject IS NOT NULL))
) STRICT;

-- kind: 1 closes an order whose payment window is over, 2 asks its channels, 3 works at its refunds, 4 confirms
-- the receipt of its parcels, 5 asks carriers about them, 6 works at its after-sales.
CREATE TABLE timers (
    due      INTEGER NOT NULL,
    kind     INTEGER NOT NULL CHECK (kind >= 1),
    order_id INTEGER NOT NULL,
    PRIMARY KEY (due, kind, order_id)
) STRICT, WITHOUT ROWID;

-- The books of orders that somebody began to pay. lists: JSON of what belongs to the order (payments, refunds, shipments,
-- after_sales) and of its timers. lines: how many rows of line_accounts it has, all of its lines or none. Invariant 4.
CREATE TABLE order_accounts (
    order_id       INTEGER PRIMARY KEY CHECK (order_id > 0),
    captured       INTEGER NOT NULL CHECK (captured >= 0),
    refunded       INTEGER NOT NULL CHECK (refunded >= 0),
    refunding      INTEGER NOT NULL CHECK (refunding >= 0),
    closing_until  INTEGER,
    closing_reason TEXT    CHECK (closing_reason IS NULL OR closing_reason = 'timeout' OR closing_reason = 'buyer'
        OR closing_reason = 'merchant' OR closing_reason = 'rejected'),
    closing_note   TEXT,
    lines          INTEGER NOT NULL CHECK (lines >= 0),
    lists          TEXT    NOT NULL,
    version        INTEGER NOT NULL CHECK (version >= 1),
    CHECK (captured - refunded - refunding >= 0),
    CHECK ((closing_until IS NULL) = (closing_reason IS NULL))
) STRICT;
CREATE INDEX order_accounts_closing ON order_accounts (closing_until) WHERE closing_until IS NOT NULL;

-- What of a line was given back, in the units and minor units that were agreed. Invariant 5.
CREATE TABLE line_accounts (
    order_id INTEGER NOT NULL,
    line     INTEGER NOT NULL CHECK (line >= 0),
    payable  INTEGER NOT NULL CHECK (payable >= 0),
    quantity INTEGER NOT NULL CHECK (quantity >= 1),
    units    INTEGER NOT NULL CHECK (units >= 0),
    money    INTEGER NOT NULL CHECK (money >= 0),
    points   INTEGER NOT NULL CHECK (points >= 0),
    PRIMARY KEY (order_id, line),
    CHECK (money <= payable),
    CHECK (units <= quantity)
) STRICT, WITHOUT ROWID;

-- Attempts to pay. Invariant 5. An order's attempts are named by its account, so that no index is needed.
CREATE TABLE payments (
    id                 INTEGER PRIMARY KEY CHECK (id > 0),
    order_id           INTEGER NOT NULL,
    channel            TEXT    NOT NULL,
    status             TEXT    NOT NULL CHECK (
        status = 'created' OR status = 'pending' OR status = 'succeeded' OR status = 'unknown' OR status = 'failed'
        OR status = 'closed'),
    reported           TEXT    CHECK (
        reported IS NULL OR reported = 'open' OR reported = 'captured' OR reported = 'closed' OR reported = 'failed'
        OR reported = 'authorised' OR reported = 'refunded'),
    amount             INTEGER NOT NULL CHECK (amount >= 1),
    currency           TEXT    NOT NULL,
    captured           INTEGER NOT NULL CHECK (captured >= 0),
    refunded           INTEGER NOT NULL CHECK (refunded >= 0),
    refunding          INTEGER NOT NULL CHECK (refunding >= 0),
    counts             INTEGER NOT NULL CHECK (counts IN (0, 1)),
    after_sale_id      INTEGER,
    transaction_number TEXT,
    pay_url            TEXT,
    return_url         TEXT,
    query_at           INTEGER,
    queries            INTEGER NOT NULL CHECK (queries >= 0),
    is_manual          INTEGER NOT NULL CHECK (is_manual IN (0, 1)),
    version            INTEGER NOT NULL CHECK (version >= 1),
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL,
    CHECK (refunded + refunding <= captured),
    CHECK ((status = 'succeeded') = (captured > 0)),
    CHECK (counts = 0 OR captured > 0),
    CHECK (counts = 0 OR after_sale_id IS NULL)
) STRICT;
CREATE INDEX payments_open ON payments (id) WHERE status = 'created' OR status = 'pending' OR status = 'unknown';
CREATE INDEX payments_manual ON payments (id) WHERE is_manual = 1;

-- Which attempt a channel's money movement belongs to, for ever. Invariant 6.
CREATE TABLE channel_transactions (
    channel            TEXT    NOT NULL,
    transaction_number TEXT    NOT NULL,
    payment_id         INTEGER NOT NULL,
    PRIMARY KEY (channel, transaction_number)
) STRICT, WITHOUT ROWID;

-- Refunds. lines: JSON of the units whose money it is, nothing for an amount without units.
CREATE TABLE refunds (
    id                 INTEGER PRIMARY KEY CHECK (id > 0),
    order_id           INTEGER NOT NULL,
    payment_id         INTEGER NOT NULL,
    status             TEXT    NOT NULL CHECK (
        status = 'requested' OR status = 'sent' OR status = 'unknown' OR status = 'succeeded' OR status = 'failed'
        OR status = 'manual'),
    amount             INTEGER NOT NULL CHECK (amount > 0),
    currency           TEXT    NOT NULL,
    lines              TEXT,
    cause              TEXT    NOT NULL CHECK (
        cause = 'operator' OR cause = 'cancel' OR cause = 'late_money' OR cause = 'second_money'
        OR cause = 'after_sale'),
    reason             TEXT,
    tries              INTEGER NOT NULL CHECK (tries >= 0),
    next_at            INTEGER,
    transaction_number TEXT,
    note               TEXT,
    version            INTEGER NOT NULL CHECK (version >= 1),
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_open ON refunds (id) WHERE status <> 'succeeded';

-- Parcels. lines: JSON of the units in it; facts: JSON of what its carrier said, nothing before the first word.
CREATE TABLE shipments (
    id              INTEGER PRIMARY KEY CHECK (id > 0),
    order_id        INTEGER NOT NULL,
    status          TEXT    NOT NULL CHECK (
        status = 'in_transit' OR status = 'out_for_delivery' OR status = 'exception' OR status = 'delivered'
        OR status = 'returned'),
    status_at       INTEGER,
    carrier         TEXT    NOT NULL,
    tracking_number TEXT    NOT NULL,
    lines           TEXT    NOT NULL,
    facts           TEXT,
    announced       INTEGER NOT NULL CHECK (announced IN (0, 1)),
    ask_at          INTEGER,
    asks            INTEGER NOT NULL CHECK (asks >= 0),
    note            TEXT,
    delivered_at    INTEGER,
    confirm_due     INTEGER,
    confirmed_at    INTEGER,
    version         INTEGER NOT NULL CHECK (version >= 1),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK (confirm_due IS NULL OR (status = 'delivered' AND confirmed_at IS NULL))
) STRICT;
CREATE INDEX shipments_unconfirmed ON shipments (id) WHERE confirm_due IS NOT NULL;
CREATE INDEX shipments_stopped ON shipments (id) WHERE confirmed_at IS NULL
    AND (status = 'exception' OR ((asks > 0 OR note IS NOT NULL) AND ask_at IS NULL
        AND (status = 'in_transit' OR status = 'out_for_delivery')));

-- After-sales. due: when something happens to it by itself; details: JSON of its lines, its replacement, its refunds.
CREATE TABLE after_sales (
    id            INTEGER PRIMARY KEY CHECK (id > 0),
    order_id      INTEGER NOT NULL,
    kind          TEXT    NOT NULL CHECK (kind = 'refund' OR kind = 'return' OR kind = 'exchange'),
    status        TEXT    NOT NULL CHECK (
        status = 'requested' OR status = 'approved' OR status = 'rejected' OR status = 'withdrawn'
        OR status = 'returning' OR status = 'received' OR status = 'refunding' OR status = 'reshipping'
        OR status = 'completed'),
    due           INTEGER,
    details       TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    review_due_at INTEGER NOT NULL,
    ship_back_by  INTEGER,
    note          TEXT,
    version       INTEGER NOT NULL CHECK (version >= 1),
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CHECK (due IS NULL OR status = 'requested' OR status = 'approved' OR status = 'returning' OR status = 'received')
) STRICT;
CREATE INDEX after_sales_due ON after_sales (id) WHERE due IS NOT NULL;
CREATE INDEX after_sales_claiming ON after_sales (order_id) WHERE status = 'requested' OR status = 'approved'
    OR status = 'returning';
CREATE INDEX after_sales_waiting ON after_sales (id) WHERE status = 'returning' OR status = 'received'
    OR status = 'reshipping';

-- Notifications of channels as they arrived. report: JSON of what it says, where the signature holds.
CREATE TABLE receipts (
    id         INTEGER PRIMARY KEY CHECK (id > 0),
    channel    TEXT    NOT NULL,
    event_id   TEXT,
    payment_id INTEGER,
    report     TEXT,
    headers    TEXT    NOT NULL,
    body       BLOB    NOT NULL,
    arrived_at INTEGER NOT NULL,
    verdict    TEXT    NOT NULL CHECK (
        verdict = 'applied' OR verdict = 'known' OR verdict = 'quarantined' OR verdict = 'resolved'
        OR verdict = 'forged' OR verdict = 'unmatched'),
    note       TEXT,
    resolved_by   TEXT,
    resolved_at   INTEGER,
    resolved_note TEXT,
    CHECK ((resolved_by IS NULL) = (resolved_at IS NULL)),
    CHECK ((resolved_note IS NULL) = (resolved_at IS NULL)),
    CHECK ((verdict = 'resolved') = (resolved_at IS NOT NULL))
) STRICT;
CREATE INDEX receipts_quarantined ON receipts (id) WHERE verdict = 'quarantined';

-- Messages to the outside that were not answered yet. of: the id of what the task is about.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY CHECK (id > 0),
    order_id   INTEGER NOT NULL,
    task       TEXT    NOT NULL,
    of         INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Answers under idempotency keys, other than placed orders, which answer for themselves.
CREATE TABLE answers (
    id          INTEGER PRIMARY KEY CHECK (id >= 1),
    scope       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
    outcome     TEXT    NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- Invariant 7: used and frozen coupons name the one order that has them.
CREATE TABLE coupons (
    id         INTEGER PRIMARY KEY CHECK (id > 0),
    user_id    TEXT    NOT NULL,
    template   TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state = 'granted' OR state = 'frozen' OR state = 'used'),
    order_id   INTEGER,
    version    INTEGER NOT NULL CHECK (version >= 1),
    granted_at INTEGER NOT NULL,
    CHECK ((state = 'granted') = (order_id IS NULL))
) STRICT;

CREATE TABLE template_usage (
    template TEXT PRIMARY KEY,
    granted  INTEGER NOT NULL CHECK (granted >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE user_template_usage (
    user_id  TEXT    NOT NULL,
    template TEXT    NOT NULL,
    granted  INTEGER NOT NULL CHECK (granted >= 0),
    PRIMARY KEY (user_id, template)
) STRICT, WITHOUT ROWID;

CREATE TABLE points (
    user_id TEXT PRIMARY KEY,
    balance INTEGER NOT NULL CHECK (balance >= 0),
    frozen  INTEGER NOT NULL CHECK (frozen >= 0),
    entries INTEGER NOT NULL CHECK (entries >= 0),
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE points_entries (
    user_id  TEXT    NOT NULL,
    number   INTEGER NOT NULL CHECK (number >= 1),
    delta    INTEGER NOT NULL CHECK (delta <> 0),
    reason   TEXT    NOT NULL CHECK (reason = 'adjustment' OR reason = 'order_placed'
        OR reason = 'order_cancelled' OR reason = 'order_refunded' OR reason = 'order_completed'),
    note     TEXT,
    order_id INTEGER,
    balance  INTEGER NOT NULL CHECK (balance >= 0),
    at       INTEGER NOT NULL,
    PRIMARY KEY (user_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    name       TEXT,
    email      TEXT,
    phone      TEXT,
    version    INTEGER NOT NULL CHECK (version >= 1),
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE addresses (
    user_id    TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    body       TEXT    NOT NULL,
    version    INTEGER NOT NULL CHECK (version >= 1),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
) STRICT, WITHOUT ROWID;

-- How far each consumer group has come in the log.
CREATE TABLE cursors (
    consumer TEXT PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0)
) STRICT, WITHOUT ROWID;

-- Events that a consumer could not take. Consumer and subject are a lane, in the order of events; only its first letter is
-- tried. A letter that was delivered or given up has no row.
CREATE TABLE letters (
    id              INTEGER PRIMARY KEY CHECK (id > 0),
    consumer        TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    event           INTEGER NOT NULL CHECK (event >= 1),
    state           TEXT    NOT NULL CHECK (state IN ('waiting', 'dead')),
    tries           INTEGER NOT NULL CHECK (tries >= 0),
    next_try_at     INTEGER NOT NULL,
    parked_at       INTEGER NOT NULL,
    first_failed_at INTEGER,
    last_error      TEXT,
    UNIQUE (consumer, event),
    CHECK (state <> 'dead' OR tries >= 1)
) STRICT;
CREATE INDEX letters_lane ON letters (consumer, subject, event);
CREATE INDEX letters_due ON letters (consumer, next_try_at) WHERE state = 'waiting';
CREATE INDEX letters_dead ON letters (id) WHERE state = 'dead';

-- Webhook endpoints. consumer: who reads the log for it, new for each endpoint. events: JSON of its patterns.
CREATE TABLE webhooks (
    id               TEXT PRIMARY KEY,
    consumer         TEXT    NOT NULL UNIQUE,
    url              TEXT    NOT NULL,
    events           TEXT    NOT NULL,
    secret           TEXT    NOT NULL,
    old_secret       TEXT,
    old_secret_until INTEGER,
    disabled_reason  TEXT    CHECK (
        disabled_reason IS NULL OR disabled_reason = 'by_request' OR disabled_reason = 'gone'
        OR disabled_reason = 'exhausted' OR disabled_reason = 'too_many_letters'),
    disabled_at      INTEGER,
    version          INTEGER NOT NULL CHECK (version >= 1),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    CHECK ((old_secret IS NULL) = (old_secret_until IS NULL)),
    CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL))
) STRICT, WITHOUT ROWID;

-- The newest tries to tell each endpoint, for people. duration: microseconds.
CREATE TABLE webhook_deliveries (
    id          INTEGER PRIMARY KEY CHECK (id > 0),
    consumer    TEXT    NOT NULL,
    letter_id   INTEGER,
    event       INTEGER,
    event_type  TEXT    NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    outcome     TEXT    NOT NULL CHECK (outcome = 'delivered' OR outcome = 'refused' OR outcome = 'gone'
        OR outcome = 'slow_down' OR outcome = 'failed'),
    status      INTEGER,
    duration    INTEGER NOT NULL CHECK (duration >= 0),
    excerpt     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    next_try_at INTEGER
) STRICT;
CREATE INDEX webhook_deliveries_of_consumer ON webhook_deliveries (consumer, id);

-- Commands whose decision panicked, for whoever repairs them.
CREATE TABLE poisoned (
    number  INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    command TEXT    NOT NULL,
    input   TEXT    NOT NULL,
    bug     TEXT    NOT NULL
) STRICT;

-- Derived: (hash of user, hash of key, id) in sorted runs. page = run << 24 | number of the page in the run.
CREATE TABLE key_runs (
    run         INTEGER PRIMARY KEY CHECK (run >= 1),
    level       INTEGER NOT NULL CHECK (level >= 0),
    state       TEXT    NOT NULL CHECK (state = 'writing' OR state = 'complete' OR state = 'dropped'),
    first_flush INTEGER NOT NULL,
    last_flush  INTEGER NOT NULL CHECK (last_flush >= first_flush),
    entries     INTEGER NOT NULL CHECK (entries >= 0),
    pages       INTEGER NOT NULL CHECK (pages >= 0),
    last_event  INTEGER NOT NULL,
    last_order  INTEGER NOT NULL,
    last_answer INTEGER NOT NULL
) STRICT;

CREATE TABLE key_pages (
    page    INTEGER PRIMARY KEY,
    entries BLOB NOT NULL CHECK (length(entries) > 0 AND length(entries) % 24 = 0)
) STRICT;
